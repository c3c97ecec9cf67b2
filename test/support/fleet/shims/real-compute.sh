# shellcheck shell=sh disable=SC2034,SC2154 # LINE is read, name and verb are set by the simulator that sources this
# Appended to smf.sh on a node: where nova-compute is a real process, what happens to it is startd's business.
smf_is_real() {
  case ${name:-} in application/openstack/nova/nova-compute:*) [ -e "$S/real-compute" ] ;; *) return 1 ;; esac
}
smf_start_line() {
  LINE=
  smf_is_real || recorded_start_line "$@"
}
smf_future() {
  if ! smf_is_real || [ "${verb:-}" = mark ]; then
    recorded_future "$@"
    return
  fi
  recorded_future "$1"
  setsid "$LAB_SIM/startd" "$1" "$verb" </dev/null >/dev/null 2>&1 &
}
