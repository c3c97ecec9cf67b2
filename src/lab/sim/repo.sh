# Package repositories of the lab, for pkgsend, pkglint, pkgrepo and pkg. Sourced behind lib.sh.
# A repository is a directory with the file pkg5.repository; below publisher/PUBLISHER lie
#   pkg/NAME/VERSION/manifest   one action a line; a slash in NAME is %2F; VERSION is 1.0,5.11:20261126T044512Z
#   file/SHA256                 the payloads, by the hex digest that stands in the manifest in a payload's place
# A path or file:///PATH is one on the node. http://HOST/REST is ../repos/HOST/REST beside the nodes (LAB_REPOS:
# elsewhere), the same for all of them; where that is not there, nobody answers.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # read by who sources this; set by lib.sh

# repo_open TOOL URI: REPO, its directory; ends the tool in its own words when there is no repository.
repo_open() {
  case $2 in
    http://* | https://*)
      ro_rest=${2#*://}
      case /$ro_rest/ in */../*) fail 1 "$1: '$2' is not a valid location." ;; esac
      REPO=${LAB_REPOS:-$LAB_NODE/../repos}/${ro_rest%/}
      [ -d "$REPO" ] || fail 1 "$1: Framework error: code: 6 reason: Couldn't resolve host '${ro_rest%%/*}'" "URL: '$2'"
      return 0
      ;;
    file:///*) REPO=$R${2#file://} ;;
    "$R"/*) REPO=$2 ;;
    /*) REPO=$R$2 ;;
    *) fail 1 "$1: '$2' is not a valid location." ;;
  esac
  unroot "$REPO"
  [ -f "$REPO/pkg5.repository" ] && may_reach "$REPO/x" && return 0
  fail 1 "$1: file protocol error: code: 22 reason: The path '$P' does not contain a valid package repository." \
    "Repository URL: 'file://$P'."
}

# split_fmri FMRI: PUB NAME VERSION of pkg://PUB/NAME@VERSION, pkg:/NAME@VERSION or NAME@VERSION; what is missing is empty.
split_fmri() {
  PUB='' VERSION=''
  case $1 in
    pkg://*)
      sf_rest=${1#pkg://}
      PUB=${sf_rest%%/*} sf_rest=${sf_rest#*/}
      ;;
    *) sf_rest=${1#pkg:/} ;;
  esac
  NAME=${sf_rest%%@*}
  case $sf_rest in *@*) VERSION=${sf_rest#*@} ;; esac
}

# version_parts VERSION: RELEASE BUILD BRANCH STAMP of RELEASE[,BUILD][-BRANCH][:STAMP].
version_parts() {
  BUILD='' BRANCH='' STAMP=''
  vp_rest=$1
  case $vp_rest in *:*) STAMP=${vp_rest#*:} vp_rest=${vp_rest%%:*} ;; esac
  case $vp_rest in *-*) BRANCH=${vp_rest#*-} vp_rest=${vp_rest%%-*} ;; esac
  case $vp_rest in *,*) BUILD=${vp_rest#*,} vp_rest=${vp_rest%%,*} ;; esac
  RELEASE=$vp_rest
}

# dot_sequence TEXT: whether it is numbers separated by dots, none with a leading zero.
dot_sequence() {
  case .$1. in *..* | *[!0-9.]*) return 1 ;; esac
  case .$1. in *.0[0-9]*) return 1 ;; esac
  return 0
}

# package_at MANIFEST: PUB NAME VERSION RELEASE BUILD BRANCH STAMP of the package with this file.
package_at() {
  pa_rest=${1%/manifest}
  VERSION=${pa_rest##*/} pa_rest=${pa_rest%/*}
  NAME=${pa_rest##*/} pa_rest=${pa_rest%/pkg/*}
  PUB=${pa_rest##*/}
  case $NAME in *%2F*) NAME=$(printf '%s\n' "$NAME" | sed 's,%2F,/,g') ;; esac
  version_parts "$VERSION"
}

# matches PATTERN: whether the present package is meant: publisher, name (also its last parts) and the beginning of its version.
matches() {
  m_pub=$PUB m_name=$NAME m_version=$VERSION
  split_fmri "$1"
  m_want_pub=$PUB m_want=$NAME m_want_version=$VERSION
  PUB=$m_pub NAME=$m_name VERSION=$m_version
  [ -z "$m_want_pub" ] || [ "$m_want_pub" = "$PUB" ] || return 1
  # shellcheck disable=SC2254 # a pattern may have wildcards
  case $NAME in $m_want | */$m_want) ;; *) return 1 ;; esac
  case $VERSION in "$m_want_version"* | "") ;; *) return 1 ;; esac
  case ${VERSION#"$m_want_version"} in '' | [.,:-]*) return 0 ;; *) [ -z "$m_want_version" ] ;; esac
}
