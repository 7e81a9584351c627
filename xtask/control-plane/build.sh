#!/bin/sh
# Builds a Kubernetes control plane for tests from the Go module proxy: etcd, kube-apiserver,
# kube-controller-manager, kube-scheduler, kubectl, and kwok (simulated kubelets). Each module beside
# this script pins its versions. Binaries are cached by version, so that a second run does nothing.
# Prints the folder with the binaries. Needs Go >= 1.26; about ten minutes on two cores.
#
#   build.sh [DIR]      DIR defaults to <user cache>/lifeboat/control-plane/<version>
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# The version of a module, as pinned in FOLDER/go.mod.
pinned() { # FOLDER MODULE
    sed -n "s|^[[:space:]]*$2 \(v[0-9.]*\).*|\1|p" "$here/$1/go.mod" | head -n 1
}
kubernetes=$(pinned kubernetes k8s.io/kubernetes)
etcd=$(pinned etcd go.etcd.io/etcd/server/v3)
kwok=$(pinned kwok sigs.k8s.io/kwok)
if [ -z "$kubernetes" ] || [ -z "$etcd" ] || [ -z "$kwok" ]; then
    echo 'build.sh: a module has no pinned version' >&2
    exit 1
fi

dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/lifeboat/control-plane/kubernetes-$kubernetes-etcd-$etcd-kwok-$kwok}
mkdir -p "$dir"

# A finished binary appears under its name in one step, so an interrupted build leaves nothing half-made.
build() { # MODULE_FOLDER PACKAGE NAME LDFLAGS
    [ -x "$dir/$3" ] && return
    echo "build.sh: building $3" >&2
    (cd "$here/$1" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
        nice go build -p "${BUILD_JOBS:-2}" -trimpath -ldflags "$4" -o "$dir/.$3.new" "$2" >&2)
    mv "$dir/.$3.new" "$dir/$3"
}

minor=${kubernetes#v1.}
minor=${minor%%.*}
v=k8s.io/component-base/version
stamp="-s -w -X $v.gitVersion=$kubernetes -X $v.gitMajor=1 -X $v.gitMinor=$minor -X $v.gitTreeState=clean"
build kubernetes k8s.io/kubernetes/cmd/kubectl kubectl "$stamp"
build etcd go.etcd.io/etcd/server/v3 etcd "-s -w"
build kwok sigs.k8s.io/kwok/cmd/kwok kwok "-s -w"
build kubernetes k8s.io/kubernetes/cmd/kube-scheduler kube-scheduler "$stamp"
build kubernetes k8s.io/kubernetes/cmd/kube-apiserver kube-apiserver "$stamp"
build kubernetes k8s.io/kubernetes/cmd/kube-controller-manager kube-controller-manager "$stamp"
echo "$dir"
