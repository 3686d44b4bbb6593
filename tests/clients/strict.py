"""moto behind a strict door: only requests that are signed with the real key pass, and each one is written down.

The signatures are worked out here from AWS's documentation, not with hoop's code. Unlike moto the door also checks the
payload's hash. Key ids begin with AKIAREALKEY2TEST or ASIAREALKEY2TEST; every test has one of its own, so that its calls
can be told from others'. A key id of the second kind needs the session token `token-` and the id's last four characters. Keys of roles that moto gave are taken with the secret
and the token that it gave.

GET /_strict/calls?KEYID       the calls signed with that key, as JSON
POST /_strict/fault?KEYID      {"part": TEXT, "times": N, "status": N, "headers": {}, "body": TEXT}: what the next N
                               requests are answered whose target or body contains TEXT
Serves until its standard input closes. Prints its port.
"""
import collections, hashlib, hmac, io, json, os, re, sys, threading, urllib.parse
from moto.sts.models import sts_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

SECRET = sys.argv[1]
KEY_ID = re.compile(r"A[KS]IAREALKEY2TEST[A-Z0-9]{4}")
calls, faults, lock = collections.defaultdict(list), collections.defaultdict(list), threading.Lock()


class Refused(Exception):
    pass


def canonical_path(path, service):
    if service == "s3":
        return path
    kept = []
    for part in path.split("/"):
        if part == "..":
            kept[-1:] = []
        elif part not in ("", "."):
            kept.append(part)
    slash = "/" if path.endswith("/") and kept else ""
    return "/" + urllib.parse.quote("/".join(kept) + slash, safe="/-_.~")


def check(method, target, headers, body):
    """Gives (key id, service), or raises Refused with the reason."""
    path, _, query = target.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    named = dict(pairs)
    if "authorization" in headers:
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                             r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", headers["authorization"])
        if not found:
            raise Refused("no SigV4 authorization: " + headers["authorization"][:80])
        key, day, region, service, signed, signature = found.groups()
        stamp, payload = headers["x-amz-date"], headers.get("x-amz-content-sha256")
    elif "X-Amz-Signature" in named:
        key, day, region, service, _ = urllib.parse.unquote(named["X-Amz-Credential"]).split("/")
        signed, signature = urllib.parse.unquote(named["X-Amz-SignedHeaders"]), named["X-Amz-Signature"]
        stamp, payload = named["X-Amz-Date"], headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    else:
        raise Refused("unsigned")
    role = next((role for role in assumed() if role.access_key_id == key), None)
    if role:
        if headers.get("x-amz-security-token") != role.session_token:
            raise Refused("the session token is not the role's")
    elif not KEY_ID.fullmatch(key):
        raise Refused("unknown key " + key)
    elif key.startswith("ASIA"):
        token = headers.get("x-amz-security-token") or urllib.parse.unquote(named.get("X-Amz-Security-Token", ""))
        if token != "token-" + key[-4:]:
            raise Refused("the session token is not the key's")
    names = signed.split(";")
    missing = [name for name in headers if name.startswith("x-amz-") and name not in names]
    if missing or "host" not in names:
        raise Refused("not signed: " + " ".join(missing or ["host"]))
    real = hashlib.sha256(body).hexdigest()
    if payload is None:
        payload = real
    elif len(payload) == 64 and payload != real:
        raise Refused("the body is not the one that was signed")
    text = "\n".join([
        method, canonical_path(path, service), "&".join(sorted("%s=%s" % pair for pair in pairs)),
        "".join("%s:%s\n" % (name, " ".join(headers.get(name, "").split())) for name in names), signed, payload])
    scope = "/".join([day, region, service, "aws4_request"])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(text.encode()).hexdigest()])
    secret = ("AWS4" + (role.secret_access_key if role else SECRET)).encode()
    for part in (day, region, service, "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    if hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest() != signature:
        raise Refused("the signature does not match:\n" + text)
    return key, service


def assumed():
    """The sessions of roles that moto has given credentials for."""
    return [role for regions in list(sts_backends.values()) for backend in list(regions.values()) for role in backend.assumed_roles]


def read(environ):
    stream = environ["wsgi.input"]
    body = stream.read() if environ.get("wsgi.input_terminated") else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body


class Door:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        target, method = environ["RAW_URI"], environ["REQUEST_METHOD"]
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        headers.update((name.replace("_", "-").lower(), environ[name]) for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
                       if environ.get(name))
        body = read(environ)
        if target.startswith("/_strict/"):
            return self.own(target, body, start_response)
        call = {"method": method, "target": target, "host": headers.get("host"), "headers": headers}
        try:
            key, call["service"] = check(method, target, headers, body)
        except Refused as refused:
            print("refused:", method, target, refused, file=sys.stderr, flush=True)
            start_response("403 Forbidden", [("content-type", "text/plain")])
            with lock:
                calls["refused"].append({**call, "why": str(refused)})
            return [("strict: %s" % refused).encode()]
        with lock:
            calls[key].append(call)
            for fault in faults[key]:
                if fault["times"] and (fault["part"] in target + str(headers) or fault["part"].encode() in body):
                    fault["times"] -= 1
                    answer = fault["body"].encode()
                    fault["headers"]["content-length"] = str(len(answer))
                    start_response("%d Fault" % fault["status"], list(fault["headers"].items()))
                    return [answer]
        return self.inner(environ, start_response)

    def own(self, target, body, start_response):
        key = target.partition("?")[2]
        with lock:
            if body:
                faults[key].append(json.loads(body))
            said = json.dumps(calls[key])
        said = said.encode()
        start_response("200 OK", [("content-type", "application/json"), ("content-length", str(len(said)))])
        return [said]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


server = make_server("127.0.0.1", 0, Door(DomainDispatcherApplication(create_backend_app)), threaded=True, request_handler=Quiet)
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
