#!/usr/bin/env bash
# A connector for Abiquo's workflow feature as a shell script: bash, curl, jq and socat.
#
#   ABIQUO_API=http://127.0.0.1:8080/abiquo/api ABIQUO_USER=connector ABIQUO_PASSWORD=gatepost PORT=9000 ./abiquo_shell.sh
#
# A webhook is only a bell: when it rings, the script looks through the lists of pending tasks and decides what stands
# there. So it need not believe what anybody sends, and finds as well what it missed. A machine whose label begins with
# `deny` is declined, with `manual` it waits for a human; every other one is approved.
set -u

LARGEST=1000000 # bytes of a webhook
SILENT=5        # seconds that whoever calls us may be silent
SWEEP=15        # seconds between two looks without a bell

answer() { # one caller, on standard input and output
    local line length=0 body
    read -r -t $SILENT line || return
    while read -r -t $SILENT line && [ -n "${line%$'\r'}" ]; do
        case "${line,,}" in content-length:*) length=$(tr -dc 0-9 <<<"${line#*:}") ;; esac
    done
    if [ "${#length}" -gt 7 ] || [ "${length:-0}" -gt $LARGEST ]; then
        reply "413 Content Too Large"
        return
    fi
    body=$(timeout $SILENT head -c "${length:-0}")
    body=$(jq -e 'has("taskId") or has("collection")' <<<"$body" 2>/dev/null)
    if [ "$body" = true ]; then
        reply "204 No Content"
        echo >"$BELL"
    else
        reply "400 Bad Request"
    fi
}

reply() {
    printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1"
}

call() { # the password must not stand in the list of processes
    curl -sS --fail --max-time 3 --retry 2 --retry-max-time 5 -K <(printf 'user = "%s:%s"\n' "$ABIQUO_USER" "$ABIQUO_PASSWORD") \
        -H 'Accept: application/json' "$@"
}

ours() { # credentials go to no other host, whatever a link says
    case "$1" in "$API"/*) true ;; *) echo "$1 is not our cloud" >&2 && false ;; esac
}

decide() { # target, continue, cancel
    local label verdict=continue href=$2 word=Approved
    ours "$1" && label=$(call "$1" | jq -er .label) || return 1
    case "$label" in
    deny*) verdict=cancel href=$3 word=Declined ;;
    manual*) return 0 ;;
    esac
    ours "$href" && call -X POST -H 'Content-Type: text/plain' --data-raw "$word: $label" "$href" && echo "$verdict: $label"
}

sweep() { # whether all went well
    local list lists target yes no good=0
    lists=$(call "$API/admin/enterprises?limit=0" | jq -er '.collection[].links[] | select(.rel == "pendingtasks") | .href') || return 1
    for list in $lists; do
        ours "$list" || continue
        while IFS=$'\t' read -r target yes no; do
            decide "$target" "$yes" "$no" || good=1
        done < <(call "$list?limit=0" | jq -r '
            .collection[].links | map({key: .rel, value: .href}) | from_entries | [.target, .continue, .cancel] | @tsv')
    done
    return $good
}

if [ "${1:-}" = answer ]; then
    answer
    exit
fi

API=${ABIQUO_API%/}
FOLDER=$(mktemp -d)
export BELL=$FOLDER/bell
mkfifo "$BELL"
exec 3<>"$BELL"
socat "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork,backlog=256" "EXEC:$0 answer" 3>&- &
LISTENER=$!
trap 'kill $LISTENER; rm -rf "$FOLDER"; exit 0' TERM INT

while true; do
    if sweep; then pause=$SWEEP; else pause=1; fi
    read -r -t $pause <&3
    while read -r -t 0.01 <&3; do :; done # several bells are one
done
