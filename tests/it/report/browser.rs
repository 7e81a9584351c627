//! The page in a real browser, driven over the DevTools protocol. `LIFEBOAT_CHROMIUM` names a
//! Chromium; `.ci/browser` provides one and runs these tests, which are ignored elsewhere.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A browser with one page. What the page asks of the network and says to the console is kept.
struct Browser {
    process: Child,
    to: RefCell<File>,
    from: RefCell<BufReader<File>>,
    session: String,
    last: RefCell<u64>,
    requests: RefCell<Vec<String>>,
    errors: RefCell<Vec<String>>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Opens a page.
    fn open(page: &Path, width: u32, javascript: bool) -> Self {
        let program = std::env::var_os("LIFEBOAT_CHROMIUM").expect("LIFEBOAT_CHROMIUM names a browser");
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = |name: &str| folder.path().join(name);
        for name in ["to", "from"] {
            let made = Command::new("mkfifo").arg(pipe(name)).status().expect("mkfifo");
            assert!(made.success());
        }
        // Chromium takes commands on descriptor 3 and answers on 4, each message ended by a zero byte.
        let process = Command::new("sh")
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<\"$LIFEBOAT_TO\" 4>\"$LIFEBOAT_FROM\"")
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
                "--no-first-run",
            ])
            .arg(format!("--user-data-dir={}", pipe("profile").display()))
            .arg("about:blank")
            .env("LIFEBOAT_TO", pipe("to"))
            .env("LIFEBOAT_FROM", pipe("from"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let to = OpenOptions::new().write(true).open(pipe("to")).expect("a pipe");
        let from = File::open(pipe("from")).expect("a pipe");
        let mut browser = Self {
            process,
            to: RefCell::new(to),
            from: RefCell::new(BufReader::new(from)),
            session: String::new(),
            last: RefCell::new(0),
            requests: RefCell::default(),
            errors: RefCell::default(),
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Emulation.setScriptExecutionDisabled", json!({"value": !javascript}));
        browser.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
        browser.call("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        browser.until("document.readyState === 'complete'");
        browser
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let id = *self.last.borrow() + 1;
        *self.last.borrow_mut() = id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        self.to.borrow_mut().write_all(&text).expect("the browser listens");
        loop {
            let mut answer = Vec::new();
            self.from.borrow_mut().read_until(0, &mut answer).expect("the browser answers");
            assert_eq!(answer.pop(), Some(0), "the browser went away");
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            if answer["id"] == id {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn note(&self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                self.requests.borrow_mut().push(url.to_owned());
            }
            Some("Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled") => {
                self.errors.borrow_mut().push(params.to_string());
            }
            _ => {}
        }
    }

    fn eval(&self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits for the page, not for a clock: each question is a round trip.
    fn until(&self, condition: &str) {
        for _ in 0..5_000 {
            if self.eval(condition) == Value::Bool(true) {
                return;
            }
        }
        panic!("never: {condition}");
    }

    /// A real click of the mouse in the middle of an element.
    fn click(&self, selector: &str, shift: bool) {
        let place = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let modifiers = if shift { 8 } else { 0 };
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
                    "modifiers": modifiers}),
            );
        }
    }

    fn lose(&self, node: &str) {
        self.click(&format!("[data-node='{node}']"), false);
    }

    fn key(&self, key: &str, text: &str) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            _ => key.to_uppercase().bytes().next().map_or(0, u32::from),
        };
        let mut down = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}),
        );
    }

    fn text(&self, selector: &str) -> String {
        let text = self.eval(&format!("document.querySelector({selector:?}).innerText"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The pods in a node's box.
    fn on(&self, node: &str) -> String {
        self.text(&format!(".node:has([data-node='{node}'])"))
    }

    fn said(&self) -> String {
        self.text("#said")
    }

    /// Nothing but the page itself was asked for, and the console is empty.
    fn quiet(&self) {
        self.eval("1");
        let requests = self.requests.borrow();
        let away: Vec<_> =
            requests.iter().filter(|u| !u.starts_with("file:") && !u.starts_with("data:")).collect();
        assert!(away.is_empty(), "the page asks for {away:?}");
        assert!(requests.iter().filter(|u| u.starts_with("file:")).count() <= 1, "{requests:?}");
        assert!(self.errors.borrow().is_empty(), "{:?}", self.errors.borrow());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn page() -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".html").tempfile().expect("a file");
    super::lifeboat(&["report", "--html", file.path().to_str().expect("UTF-8")]);
    file
}

/// Opens the shipped policy's page.
fn browser(width: u32, javascript: bool) -> (Browser, tempfile::NamedTempFile) {
    let file = page();
    (Browser::open(file.path(), width, javascript), file)
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn a_click_takes_a_node_away_and_the_order_of_clicks_counts() {
    let (page, _file) = browser(1200, true);
    assert_eq!(page.said(), "All nodes are up.");
    page.lose("worker-1");
    assert!(page.said().starts_with("Lost: worker-1 – before fencing"), "{}", page.said());
    assert!(page.on("worker-1").contains("stuck"), "{}", page.on("worker-1"));
    assert!(page.text("#story").contains("worker-1 dies"));
    assert!(page.text("#story").contains("339–"), "seconds: {}", page.text("#story"));
    page.click("[data-phase='f']", false);
    assert!(!page.on("worker-1").contains("stuck"), "fenced pods are gone: {}", page.on("worker-1"));
    assert!(page.text("#waiting").contains("app-"), "some applications wait: {}", page.text("#waiting"));
    page.lose("worker-2");
    assert!(page.said().starts_with("Lost: worker-1, then worker-2 – after fencing"), "{}", page.said());
    assert!(page.on("master").contains("repo-server"), "the brain has boarded: {}", page.on("master"));
    assert!(page.text("#waiting").contains("single-binary"), "{}", page.text("#waiting"));
    assert_eq!(page.eval("location.hash"), "#lose=worker-1~worker-2&phase=fencing");
    page.eval("history.back()");
    page.until("document.querySelector('#said').innerText.startsWith('Lost: worker-1 – after')");
    page.click("#reset", false);
    page.lose("worker-2");
    page.lose("worker-1");
    assert!(page.said().starts_with("Lost: worker-2, then worker-1"), "{}", page.said());
    page.quiet();
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn the_way_back_shows_the_return() {
    let (page, _file) = browser(1200, true);
    page.lose("worker-1");
    page.click("[data-node='worker-2']", true);
    assert!(page.said().starts_with("Lost: worker-1 and worker-2 "), "{}", page.said());
    page.lose("worker-1");
    assert!(page.said().contains("back again"), "{}", page.said());
    assert!(page.text("#story").contains("worker-1 comes back"), "{}", page.text("#story"));
    assert!(page.text("#story").contains("worker-2 is Ready"));
    assert_eq!(page.eval("document.querySelectorAll('.node.lost').length"), 0);
    page.quiet();
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn every_scene_can_be_shown_without_an_error() {
    let (page, _file) = browser(1200, true);
    let shown = page.eval(
        "(() => { const data = JSON.parse(document.getElementById('data').textContent); let n = 0; \
         for (const key of Object.keys(data.scenes)) { const [order, letter] = key.split('/'); \
         const lose = order.split('>').filter(Boolean).map((s) => s.split('+').map((i) => data.nodes[i].name).join('+')).join('~'); \
         location.hash = lose ? '#lose=' + lose + '&phase=' + { e: 'eviction', f: 'fencing', r: 'return' }[letter] : ''; \
         dispatchEvent(new PopStateEvent('popstate')); \
         const wanted = lose ? 'Lost: ' : 'All nodes'; \
         if (!document.getElementById('said').textContent.startsWith(wanted)) throw new Error(key); n++; } return n; })()",
    );
    // 26 orders of three nodes: one without a loss, 25 with three moments each.
    assert_eq!(shown, 76);
    page.quiet();
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn a_cell_leads_to_its_picture_and_its_explanation() {
    let (page, _file) = browser(1200, true);
    page.click("td a[data-column='2'][data-row='1']", false);
    assert!(page.said().starts_with("Lost: worker-1 – after fencing"), "{}", page.said());
    assert_eq!(page.eval("document.getElementById('why-2').open"), true);
    assert_eq!(page.eval("document.activeElement.id"), "why-2-1");
    assert!(page.text("#why-2").contains("after the fence"), "{}", page.text("#why-2"));
    page.click("a.see[data-column='4']", false);
    assert!(page.said().starts_with("Lost: worker-1 and worker-2"), "{}", page.said());
    page.quiet();
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn the_keyboard_reaches_everything() {
    let (page, _file) = browser(1200, true);
    page.key("2", "2");
    assert!(page.said().starts_with("Lost: worker-1 – before"), "{}", page.said());
    page.key("f", "f");
    assert!(page.said().contains("after fencing"));
    page.key("3", "3");
    assert!(page.said().starts_with("Lost: worker-1, then worker-2"));
    page.key("u", "u");
    page.key("b", "b");
    assert!(page.said().contains("back again"));
    page.key("0", "0");
    assert_eq!(page.said(), "All nodes are up.");
    page.eval("document.querySelector(\"[data-node='worker-1']\").focus()");
    page.key("Enter", "\r");
    assert!(page.said().starts_with("Lost: worker-1"), "{}", page.said());
    page.quiet();
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn a_phone_needs_no_sideways_scrolling() {
    for width in [360, 412] {
        let (page, _file) = browser(width, true);
        page.lose("worker-1");
        let wide = page.eval("document.documentElement.scrollWidth");
        assert!(wide.as_u64().expect("a number") <= u64::from(width), "{wide} pixels on {width}");
        page.quiet();
    }
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn dark_mode_and_paper_keep_their_contrast() {
    let (page, _file) = browser(1200, true);
    let colours = "getComputedStyle(document.body).color + getComputedStyle(document.body).backgroundColor";
    let light = page.eval(colours);
    page.call(
        "Emulation.setEmulatedMedia",
        json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]}),
    );
    let dark = page.eval(colours);
    assert_ne!(light, dark);
    page.call("Emulation.setEmulatedMedia", json!({"media": "print", "features": []}));
    assert_eq!(page.eval("getComputedStyle(document.querySelector('#stage .bar')).display"), "none");
    assert_eq!(page.eval("getComputedStyle(document.querySelector('#pictures')).display"), "block");
    // A sheet of paper is as narrow as a phone, and yet the table is one.
    let paper = json!({"width": 700, "height": 900, "deviceScaleFactor": 1, "mobile": false});
    page.call("Emulation.setDeviceMetricsOverride", paper);
    let head = page.eval("getComputedStyle(document.querySelector('#table thead')).display");
    assert_eq!(head, "table-header-group");
    page.quiet();
}

#[test]
#[ignore = "needs LIFEBOAT_CHROMIUM: .ci/browser runs it"]
fn without_javascript_the_table_and_the_pictures_are_seen() {
    let (page, _file) = browser(1200, false);
    // The protocol may still ask; the page's own script has not run.
    assert_eq!(page.eval("document.documentElement.className"), "");
    assert_eq!(page.eval("getComputedStyle(document.querySelector('#stage')).display"), "none");
    assert_eq!(page.eval("[...document.querySelectorAll('#pictures svg')].every((e) => e.getBoundingClientRect().height > 100)"), true);
    assert_eq!(page.eval("document.querySelectorAll('#table tbody tr').length"), 6);
    page.quiet();
}
