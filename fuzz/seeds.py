#!/usr/bin/env python3
"""Writes the first inputs of each fuzz target into fuzz/corpus: requests that real SDKs sent (tests/data), recordings,
the built-in policies, and the least examples of the other formats. Needed once, and after a new target.

usage: fuzz/seeds.py [TARGET ...]
"""
import base64, hashlib, json, os, re, struct, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(path, mode="r"):
    with open(os.path.join(ROOT, path), mode) as file:
        return file.read()


def requests():
    for source in ["requests", "requests_js"]:
        for each in json.loads(read(f"tests/data/{source}.json")):
            headers = {"host": each["host"], **each["headers"]}
            lines = [f"{each['method']} {each['uri']}"] + [f"{name}: {value}" for name, value in headers.items()]
            yield "\n".join(lines).encode() + b"\n\n" + base64.b64decode(each["body"])


def suite():
    for each in json.loads(read("tests/data/sigv4_suite.json")):
        for form in ["header", "query"]:
            text = each.get(form)
            if text:
                yield text.replace(" HTTP/1.1\n", "\n").encode()


def chunked():
    unsigned = b"5\r\nhello\r\n3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    signed = re.sub(rb"([0-9]+)\r\n(?=[a-z]|x-)", rb"\1;chunk-signature=" + b"0" * 64 + b"\r\n", unsigned)
    for flags in [0, 1, 2, 3, 9, 255]:
        yield bytes([flags]) + unsigned
        yield bytes([flags]) + signed
    yield b"\x00400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"


BODIES = [
    {"ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-a1B2c3", "SecretString": "Falcon2019secret"},
    {"SecretString": "{\"username\":\"app\",\"password\":\"Falcon2019!\"}", "VersionId": "0e9c2f1a-1b2c-4d3e-8f90-a1b2c3d4e5f6"},
    {"Parameter": {"Name": "/prod/x", "Value": "Zq8Falcon", "Type": "SecureString", "Version": 3}},
    {"CiphertextBlob": "AQIDAHg=", "KeyId": "k", "Plaintext": base64.b64encode(bytes([7] * 32)).decode()},
    {"userData": {"value": base64.b64encode(b"#!/bin/sh\nexport DB_PASSWORD=Falcon2019!\n").decode()}},
    {"containerDefinitions": [{"environment": [{"value": "Falcon2019!", "name": "DB_PASSWORD"}, {"name": "A", "value": "b"}]}]},
    {"Environment": {"Variables": {"STAGE": "prod", "DB_PASSWORD": "Falcon2019!", "LOG_LEVEL": "info"}}},
    {"Item": {"ssn": {"S": "078-05-1120"}, "card": {"N": 4111}, "pin": [1, 2.5, None, True], "note": {"S": "x"}}},
    {"Credentials": {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "a/b/c+d0123456789012345678901234567890AB",
                     "SessionToken": "tok", "Expiration": 1.79e9}},
]


def xml(value, name):
    if isinstance(value, dict):
        return f"<{name}>" + "".join(xml(inner, key) for key, inner in value.items()) + f"</{name}>"
    if isinstance(value, list):
        return f"<{name}>" + "".join(xml(inner, "member") for inner in value) + f"</{name}>"
    text = str(value).replace("&", "&amp;").replace("<", "&lt;")
    return f"<{name}>{text}</{name}>" if text else f"<{name}/>"


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for info, form, limit in [(24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32)]:
        if number < limit:
            return bytes([major << 5 | info]) + struct.pack(form, number)


def cbor(value, open_ended=False):
    if isinstance(value, bool) or value is None:
        return bytes([0xF6 if value is None else 0xF4 + value])
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    members = list(value.items()) if isinstance(value, dict) else [(item,) for item in value]
    major = 5 if isinstance(value, dict) else 4
    inside = b"".join(cbor(part, open_ended) for member in members for part in member)
    return bytes([major << 5 | 31]) + inside + b"\xff" if open_ended else head(major, len(members)) + inside


def bodies(encode):
    for index, body in enumerate(BODIES):
        for flags in [min(index, 7), 8 | 6, 16 | min(index, 7)]:
            yield bytes([flags]) + encode(body)


def frames():
    event = lambda kind, payload: bytes([kind, len(payload)]) + payload
    secret, plain = b"GITHUB_TOKEN=ghp_" + b"a1B2" * 9 + b"\n", b"id,state\n7,shipped\n"
    for call in range(4):
        for cut in [0, 11, 250]:
            yield bytes([call, cut]) + event(3, plain) + event(11, b"") + event(3, secret[:25]) + event(3, secret[25:])
            yield bytes([call, cut]) + event(17, b'{"message":"DB_PASSWORD=Falcon2019!"}') + event(21, b'{"a":[1,null]}')
            yield bytes([call, cut]) + event(25, b'{"delta":{"text":"see ghp_a1B2"}}') + event(25, b'{"delta":{"text":"a1B2"}}')
            yield bytes([call, cut]) + event(4, b"id,card\r\n1,4111\r\n") + event(6, b"<a><b>x</b></a>") + event(7, b"\xa1aaab")
    yield b"\x80\x07" + struct.pack(">II", 16, 0) + b"\0" * 8


def streams():
    for text in ["GITHUB_TOKEN=ghp_" + "a1B2" * 9 + "\n", "DB_PASSWORD=Falcon2019!\r\n\x1b[1;31mred\x1b[0m \x1b]52;c;aGVsbG8=\x07",
                 "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n", "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n"
                 "-----END RSA PRIVATE KEY-----\n", "über \u4e2d\u6587 https://user:Falcon2019@host/ Bearer eyJhbGciOiJIUzI1NiJ9.e30.x\n"]:
        for cut in [0, 6, 250]:
            yield bytes([cut]) + text.encode()


def policies():
    for name in ["guarded", "observe", "readonly"]:
        yield read(f"src/policy/builtin/{name}.toml", "rb")
    for block in re.findall(r"```toml\n(.*?)```", read("docs/policy.md"), re.S):
        yield (block if "version" in block else "version = 1\n" + block).encode()
    yield read("demo/policy.toml", "rb")


def queries():
    fields = read("src/query/fields.rs")
    for example in re.findall(r'"(\w+:[^ ]+)"\)', fields):
        yield example.replace('\\"', '"').encode()
    for field, sort in re.findall(r'"(\w+)",\s*About::\w+,\s*Sort::(\w+)', fields):
        values = {"Number": ["<0", "..9", "5..", "0xx"], "Exit": ["!0", "..1", ">=256"], "Moment": ["now", "2026-07-01T12:00", "1w"],
                  "Length": ["<0s", "<=1.5ms", "1m..2h", "1w", "..1us"], "Id": ["last", "01"]}.get(sort, ["\"a b\"*", "a*", "*"])
        for value in values:
            yield f"{field}:{value}".encode()
    for line in re.findall(r"`([^`\n]+)`", read("docs/search.md")):
        yield line.encode()
    yield b'user:ana (error or "a \\" b"*) -took:>5s not status:4xx command:"git push" after:2d'
    yield "é中 (( ) or \"".encode()


def question(name, kind, cls=1, flags=0x0100, opt=False):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    extra = b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000, 0) if opt else b""
    return struct.pack(">6H", 0x1234, flags, 1, 0, 0, int(opt)) + labels + b"\0" + struct.pack(">HH", kind, cls) + extra


def dns():
    for name in ["s3.eu-west-1.amazonaws.com", "api.example.com", "deny.example.com", "localhost", "1.0.0.127.in-addr.arpa",
                 "1" + ".0" * 31 + ".ip6.arpa", ""]:
        for kind in [1, 28, 12, 65, 252]:
            yield question(name, kind, opt=kind == 1)
    yield question("a.b", 1, cls=3)
    yield question("a.b", 1, flags=0x2900)


def casts():
    for version in [1, 2, 3]:
        yield read(f"tests/fixtures/v{version}.cast", "rb")
    yield (b'{"version": 3, "term": {"cols": 80, "rows": 24, "type": "xterm", "theme": {"fg": "#ffffff", "bg": "#000000", '
           b'"palette": "#000000:#111111"}}, "timestamp": 1795231868, "idle_time_limit": 2.5, "env": {"SHELL": "/bin/sh"}}\n'
           b'[0.1, "o", "a\\u001b[1m"]\n[0.2, "b", "YQ=="]\n# note\n[1, "r", "100x30"]\n[0, "i", "x"]\n[2, "m", ""]\n[0, "x", "0"]\n')


def packed(*parts):
    """Each part as a zstd frame of its own that holds it as it is."""
    frame = lambda part: b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(part)) + struct.pack("<I", len(part) << 3 | 1)[:3] + part
    return b"".join(map(frame, parts))


def replays():
    head = b'{"version":2,"width":80,"height":24}\n'
    for cast in casts():
        yield cast
        yield packed(cast)
        lines = cast.splitlines(True)
        yield packed(*(b"".join(lines[at:at + 3]) for at in range(0, len(lines), 3)))
        yield packed(cast)[:-9]
        yield cast[:-7]
    yield head + b'[-1,"o","a"]\n[NaN,"o","b"]\n[1e300,"o","c"]\n[9e11,"o","d"]\n[1,"o","e"]\n'
    yield head.replace(b"80", b"65535").replace(b"24", b"65535") + b'[1,"r","0x0"]\n[2,"r","99999999999x1"]\n[3,"r","65535x65535"]\n'
    yield head + b'[1,"o","\\u001b[65535b\\u001b]0;owned\\u0007\\u001b]8;;http://x\\u0007link"]\n[2,"m","\\u001b]0;m\\u0007"]\n'
    yield head + b'\x00\x00\n\xff\xfe\n[1,"o","\xe4\xb8\n[2,"o","' + b"[" * 500 + b"\n[3,"
    yield b'{"version":2,"env":' + b"[" * 5000
    yield b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", 1 << 31) + struct.pack("<I", 131072 << 3 | 3)[:3] + b"x"
    yield b"\x50\x2a\x4d\x18\xff\xff\xff\xff" + head
    yield b""


def indexes():
    yield b""
    for file in [0, 1, 2]:
        for at in [0, 40, 100, 200, 400]:
            yield struct.pack("<BHBB", file, at, 0, 0x20)
        for length in [0, 1, 31, 40, 300]:
            yield struct.pack("<BH", file, length)
    yield struct.pack("<BHBB", 0, 120, 0, 1) + struct.pack("<BHBB", 1, 7, 0, 255) + struct.pack("<BH", 2, 16)


def ulid(millis, rest):
    number, digits = millis << 80 | rest, ""
    for _ in range(26):
        number, digits = number >> 5, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number & 31] + digits
    return digits


def audits():
    session = ulid(1_795_231_868_000, 7)
    lines = [
        f'"type":"session.start","format":1,"session":"{session}","started":1795231868000000,"argv":["true"],"user":"ana","host":"h"',
        '"type":"call.begin","call":1,"service":"s3","operation":"GetObject","action":"s3:GetObject","access":"read",'
        '"resources":["arn:aws:s3:::b/k"],"host":"s3.amazonaws.com","method":"GET","path":"/b/k","params":{"Bucket":"b"},"via":"proxy"',
        '"type":"decision","call":1,"effect":"allow","rule":"all","origin":"policy.toml:3","reason":"it says so"',
        '"type":"call.end","call":1,"outcome":"answered","status":200',
        '"type":"approval.asked","id":"q1","call":2,"question":"s3:DeleteBucket on arn:aws:s3:::b","rule":"r (policy.toml:4)",'
        '"needs":["2 of group security"],"fingerprint":"e3b0c442","ttl":300000000',
        '"type":"approval.shown","id":"q1","to":"bo","via":"webhook","error":"refused"',
        '"type":"approval.joined","id":"q1","call":3',
        '"type":"approval.vote","id":"q1","by":"bo","identity":"uid 1001","via":"hoopctl","reason":"ticket 17"',
        '"type":"approval.answered","id":"q1","call":2,"answer":"granted","by":"bo and cy","identity":"uid 1001 and uid 1002",'
        '"via":"hoopctl and page","reason":"ticket 17","scope":"10m","took":42000000',
        '"type":"approval.used","id":"q1","call":4,"question":"s3:DeleteBucket on arn:aws:s3:::b"',
        '"type":"approval.expired","id":"q1","reason":"its time is over","used":1',
        '"type":"something.new","deep":{"a":[1,2.5,null,"\\u00e9"]}',
        '"type":"session.end","status":0',
    ]
    head, out = hashlib.sha256(f"hoop audit 1 {session}".encode()).hexdigest(), b""
    for seq, fields in enumerate(lines):
        line = f'{{"seq":{seq},"t":{seq * 1000},{fields},"prev":"{head}"'.encode()
        head = hashlib.sha256(line).hexdigest()
        out += line + f',"hash":"{head}"}}\n'.encode()
    yield out
    yield out[:-20]
    yield out + out


def saml():
    for name in ("metadata", "response"):
        yield read(f"tests/fixtures/saml/{name}.xml", "rb")
    # Forged assertions around the one that is signed, and that one changed where its signature does not look.
    response = read("tests/fixtures/saml/response.xml")
    start, end = response.index("<saml:Assertion "), response.index("</samlp:Response>")
    signed, answer = response[start:end], lambda inside: (response[:start] + inside + response[end:]).encode()
    signature = re.search("<ds:Signature .*</ds:Signature>", signed)[0]
    bare = signed.replace(signature, "")
    forged = bare.replace("_original", "_evil").replace(">ana<", ">admin<")
    sign = lambda what: forged.replace("</saml:Issuer>", "</saml:Issuer>" + what)
    within = lambda what: forged.replace("</saml:Assertion>", what + "</saml:Assertion>")
    into = lambda what: signature.replace("</ds:Signature>", what + "</ds:Signature>")
    for inside in [forged + signed, signed + forged, within(signed), sign(signature) + bare, sign(into(bare)), signed + signed,
                   f"<samlp:Extensions>{forged}</samlp:Extensions>{signed}", sign(into(f"<ds:Object>{bare}</ds:Object>")),
                   within(f"<saml:Advice>{signed}</saml:Advice>"), signed.replace("<ds:X509Data/>", "<!--a--><ds:X509Data/>"),
                   signed.replace(">ana<", ">an<!---->a<"), signed.replace(">ana<", "><![CDATA[ana]]><"),
                   signed.replace("#rsa-sha256", "#hmac-sha256"), signed.replace("#_original", "")]:
        yield answer(inside)
    yield b'<!DOCTYPE a [<!ENTITY x "ana">]>' + answer(signed.replace(">ana<", ">&x;<"))


SEEDS = {
    "request": requests,
    "sigv4": lambda: [*suite(), *list(requests())[::9]],
    "chunked": chunked,
    "mask_json": lambda: bodies(lambda body: json.dumps(body).encode()),
    "mask_xml": lambda: bodies(lambda body: b'<?xml version="1.0"?>\n' + xml(body, "R").encode()),
    "mask_cbor": lambda: [*bodies(cbor), *bodies(lambda body: cbor(body, True))],
    "mask_frames": frames,
    "mask_stream": streams,
    "policy": policies,
    "query": queries,
    "saml": saml,
    "dns": dns,
    "cast": casts,
    "audit": audits,
    "replay": replays,
    "replay_index": indexes,
}


def main():
    for target in sys.argv[1:] or SEEDS:
        folder = os.path.join(ROOT, "fuzz", "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for seed in SEEDS[target]():
            with open(os.path.join(folder, hashlib.sha1(seed).hexdigest()), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
