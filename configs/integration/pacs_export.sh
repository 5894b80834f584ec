#!/usr/bin/env bash
# Compare the first and the latest visit of every patient in an export from the archive, and file each result by accession
# number. Made to hang behind a nightly export: run it as often as you like, it only does what has not been done.
#
#   pacs_export.sh EXPORT RESULTS
#
#   EXPORT    any number of patients and visits, in any folders; it is only read
#   RESULTS   RESULTS/<accession number of the latest visit>/report.html and the rest; RESULTS/log.tsv
#
# Environment
#   DISCDELTA          the command (discdelta)
#   DISCDELTA_OPTIONS  more options for `discdelta compare`, separated by blanks, such as "--config /etc/discdelta.yaml"
#   QUIET_MINUTES      leave a pair alone while a file of it is younger than this: it may still be arriving (10)
#   TIME_LIMIT         seconds after which one comparison is given up (1800)
#   REDO               "refused" repeats what was refused, "all" repeats everything
#
# Exit code
#   0   nothing needs a person
#   10  at least one pair was refused: a person should read RESULTS/log.tsv; it is not repeated until its files change
#   20  at least one pair failed in a way worth trying again, or the export could not be read; the next run does so
#   64  wrong call    75  another run is at work    130, 143  interrupted; nothing half-written is left
set -euo pipefail
umask 027

if [ $# -ne 2 ] || [ ! -d "$1" ]; then
  echo "usage: $0 EXPORT RESULTS (EXPORT is an existing folder)" >&2
  exit 64
fi
export_folder=$1
results=$2
discdelta=${DISCDELTA:-discdelta}
read -r -a options <<<"${DISCDELTA_OPTIONS:-}"
quiet_minutes=${QUIET_MINUTES:-10}
time_limit=${TIME_LIMIT:-1800}
redo=${REDO:-}
child=

command -v "$discdelta" >/dev/null || { echo "$0: there is no command $discdelta; set DISCDELTA" >&2; exit 64; }
mkdir -p "$results/.state"
log=$results/log.tsv
[ -s "$log" ] || printf 'time\taccession\texit_code\tcategory\tseconds\tmessage\n' >"$log"

# One run at a time. Only this shell holds the lock (children are started with 9>&-), so a killed run blocks nothing.
exec 9>"$results/.lock"
flock --nonblock 9 || { echo "$0: another run is at work in $results" >&2; exit 75; }

# When a process began: with its number, that tells it from a later one of the same number.
began_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# A comparison that outlived its run (kill -9 spares children) is ended: nobody waits for it any more.
end_orphan() {
  local pid start
  read -r pid start <"$results/.state/.child" || return 0
  rm -f "$results/.state/.child"
  [ -n "$start" ] && [ "$(began_at "$pid")" = "$start" ] || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 350); do # `timeout` kills what does not heed it after 30 s
    [ "$(began_at "$pid")" = "$start" ] || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}
[ ! -f "$results/.state/.child" ] || end_orphan

# Everything unfinished lives here, on the same file system as the results, and whatever a killed run left goes now.
# Each run has a folder of its own, so that nothing that is still ending can write into this one.
rm -rf "$results"/.work*
work=$(mktemp -d "$results/.work-XXXXXX")
stop() {
  [ -z "$child" ] || { kill "$child" 2>/dev/null && wait "$child"; } || true
  exit "$1"
}
trap 'rm -rf "$work" "$results/.state/.child"' EXIT
trap 'stop 143' TERM
trap 'stop 130' INT

# What an exit code of discdelta means here; docs/exit-codes.md has them all.
category_of() {
  case $1 in
    0) echo filed ;;
    4 | 5 | 6 | 7 | 8) echo refused ;;
    9) echo not-usable ;;
    *) echo retry ;; # 1 internal, 2 usage, 3 unreadable, 10 not written, 124 too slow, 128+n killed
  esac
}

# Finished means: judged before, with the same files, and what was then filed is still there.
is_finished() { # key inputs
  local then_inputs then_category then_folder
  [ -f "$results/.state/$1" ] && [ "$redo" != all ] || return 1
  IFS=$'\t' read -r then_inputs then_category then_folder <"$results/.state/$1" || return 1
  [ "$then_inputs" = "$2" ] || return 1
  case $then_category in
    filed) [ -s "$results/$then_folder/report.json" ] ;;
    refused | not-usable) [ "$redo" != refused ] ;;
    *) return 1 ;;
  esac
}

# Two pairs may carry one accession number (archives that write "0" everywhere): then the second gets its key behind it.
folder_for() { # accession key
  if [ -d "$results/$1" ] && [ "$(cat "$results/$1/.pair" 2>/dev/null)" != "$2" ]; then
    echo "$1-$2"
  else
    echo "$1"
  fi
}

# The whole folder appears under its name at once, or not at all.
file_result() { # folder key
  echo "$2" >"$work/$2/.pair"
  rm -rf "$work/replaced"
  [ ! -d "$results/$1" ] || mv "$results/$1" "$work/replaced"
  mv "$work/$2" "$results/$1"
}

remember() { # key inputs category folder
  printf '%s\t%s\t%s\n' "$2" "$3" "$4" >"$work/state"
  mv "$work/state" "$results/.state/$1"
}

compare_pair() { # key accession inputs baseline followup
  local key=$1 accession=$2 inputs=$3 code=0 began=$SECONDS category folder message
  # In the foreground, `timeout` stays in this process group, so that a signal to the group reaches the comparison.
  timeout --foreground --kill-after=30 "$time_limit" "$discdelta" compare "$4" "$5" --out "$work/$key" --quiet \
    ${options[@]+"${options[@]}"} </dev/null >/dev/null 2>"$work/messages" 3<&- 9>&- &
  child=$!
  printf '%s %s\n' "$child" "$(began_at "$child")" >"$results/.state/.child"
  wait "$child" || code=$?
  child=
  rm -f "$results/.state/.child"
  category=$(category_of "$code")
  folder=$(folder_for "$accession" "$key")
  if [ -s "$work/$key/report.json" ] && { [ "$category" = filed ] || [ "$category" = not-usable ]; }; then
    file_result "$folder" "$key"
  elif [ "$category" = filed ]; then
    category=retry # it said so, yet there is no report
  fi
  rm -rf "${work:?}/$key"
  remember "$key" "$inputs" "$category" "$folder"
  message=$(grep -a '^error \[' "$work/messages" | tail -n 1 | tr '\t\r' '  ' || true)
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$folder" "$code" "$category" \
    "$((SECONDS - began))" "$message" >>"$log"
  count[$category]=$((${count[$category]:-0} + 1))
}

# An export folder without any file is a quiet night, and no fault.
if [ -z "$(find -L "$export_folder" -type f -print -quit)" ]; then
  echo "nothing to compare: $export_folder holds no file"
  exit 0
fi
if ! "$discdelta" pairs "$export_folder" --links "$work/links" >"$work/pairs.tsv" 9>&-; then
  echo "$0: the export could not be read; the next run tries again" >&2
  exit 20
fi

declare -A count=()
while IFS=$'\t' read -r key status accession inputs newest baseline followup _dates <&3; do
  case $key in \#*) continue ;; esac
  if [ "$status" != pair ]; then
    outcome=$status # single, undated, unidentified: nothing to compare
  elif is_finished "$key" "$inputs"; then
    outcome=unchanged
  elif [ $(($(date +%s) - newest)) -lt $((quiet_minutes * 60)) ]; then
    outcome=arriving
  else
    compare_pair "$key" "$accession" "$inputs" "$baseline" "$followup"
    continue
  fi
  count[$outcome]=$((${count[$outcome]:-0} + 1))
done 3<"$work/pairs.tsv"

for outcome in filed refused not-usable retry unchanged arriving single undated unidentified; do
  printf '%s %s  ' "$outcome" "${count[$outcome]:-0}"
done
echo
[ "${count[retry]:-0}" -eq 0 ] || exit 20
[ $((${count[refused]:-0} + ${count[not-usable]:-0})) -eq 0 ] || exit 10
