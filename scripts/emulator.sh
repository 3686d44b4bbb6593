# An AWS emulator on loopback for as long as the script runs that reads this file, and what a person would have: a real key and a
# secret to keep. Wants $home, a folder for its log; sets $port and $password.
emulator=
cleanup() { [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true; }
trap cleanup EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
moto_server -H 127.0.0.1 -p "$port" > "$home/emulator.log" 2>&1 &
emulator=$!
for _ in $(seq 150); do
  curl -fs -o /dev/null "http://127.0.0.1:$port/moto-api/" && break
  kill -0 "$emulator" 2>/dev/null || { cat "$home/emulator.log" >&2; exit 1; }
  sleep 0.2
done

# What a person would have: a real key. The child of hoop-run never sees it.
export AWS_ACCESS_KEY_ID=AKIADEMO4REALKEY2345 AWS_SECRET_ACCESS_KEY=demoREALsecretThatNoAgentMayEverSee12345
export AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
unset AWS_PROFILE AWS_SESSION_TOKEN
password=correct-horse-battery-staple
aws --endpoint-url "http://127.0.0.1:$port" secretsmanager create-secret --name prod/db \
  --secret-string "{\"username\":\"app\",\"password\":\"$password\"}" > /dev/null
