"""The same secrets as a terminal gets them and as AWS answers them; and how marked texts become bytes and labels."""
import json, re

from first import *

MARK = re.compile("(\x01[^\x02]*\x02[^\x02]*\x02[^\x03]*\x03)")


def rendered(text, on_terminal):
    """The bytes of a marked text, and its labels without file and context."""
    out, labels = bytearray(), []
    for piece in MARK.split(text):
        if not piece.startswith("\x01"):
            out += piece.encode()
            continue
        kind, tier, value = piece[1:-1].split("\x02")
        spans = []
        # Escapes and the signs of a line's end inside a value are none of it; nor is a letter that was taken back.
        parts = re.split("(\x1b\\[[0-9;?]*[A-Za-z]|.\x08 \x08|\r\n| \r)", value, flags=re.S) if on_terminal else [value]
        for index, part in enumerate(parts):
            if index % 2 == 0 and part:
                spans.append([len(out), len(out) + len(part.encode())])
            out += part.encode()
        plain = "".join(parts[::2])
        labels.append(dict(kind=kind.lstrip("!"), neg=kind.startswith("!"), spans=spans, tier=int(tier), value=plain))
    return bytes(out), labels


def each_value(text, change):
    """`text` with every secret changed."""
    def one(match):
        kind, tier, value = match.group()[1:-1].split("\x02")
        return f"\x01{kind}\x02{tier}\x02{value if kind.startswith('!') or chr(10) in value else change(value)}\x03"
    return MARK.sub(one, text)


term = contexts_of("wire", "term")
api = contexts_of("wire", "api")


def lines():
    """Lines of an environment, a log and a listing."""
    rows = [f"export {r.choice(ENV)}={value()}", f"level=info api_key={value()} ok", f'  "clientSecret": "{value()}",', f"X-Api-Key: {value()}", f"  password: {named()}", f"commit {N(sha(), 'sha')}", "total 12"]
    r.shuffle(rows)
    return rows


@term("ansi")
def coloured_match():
    """A search paints a part of the value."""
    def paint(value):
        at = r.randrange(1, len(value) - 1)
        return value[:at] + "\x1b[1m\x1b[31m" + value[at:at + 2] + "\x1b[0m" + value[at + 2:]
    return "".join(f"\x1b[35mapp/.env\x1b[0m:\x1b[32m{i}\x1b[0m:{each_value(line, paint)}\r\n" for i, line in enumerate(lines()))


@term("ansi")
def echoed_by_key():
    """A shell that draws every key anew."""
    keys = lambda text: "".join(f"\x1b[32m{c}\x1b[0m\x1b[K" for c in text)
    return "".join(f"$ {each_value(line, keys)}\r\n" for line in lines())


@term("ansi")
def mistyped():
    """A letter too many, taken back."""
    def typo(value):
        at = r.randrange(1, len(value))
        return value[:at] + "x\x08 \x08" + value[at:]
    return "".join(f"$ {each_value(line, typo)}\r\n" for line in lines())


def folded(end):
    """Lines of 80 columns, broken inside the values."""
    out = ""
    for line in lines():
        column, text = 0, ""
        for piece in MARK.split(line):
            kind = None
            if piece.startswith("\x01"):
                kind, tier, piece = piece[1:-1].split("\x02")
                text += f"\x01{kind}\x02{tier}\x02"
            for letter in piece:
                if column == 80:
                    text, column = text + end, 0
                text, column = text + letter, column + 1
            text += "" if kind is None else "\x03"
        out += text + "\r\n"
    return out


@term("ansi")
def wrapped_by_the_program():
    return folded("\r\n")


@term("ansi")
def wrapped_by_readline():
    return folded(" \r")


@term("ansi")
def word_diff():
    return "".join(f"\x1b[1mdiff --git a/.env b/.env\x1b[m\r\n {name}=\x1b[31m[-{named()}-]\x1b[m\x1b[32m{{+{named()}+}}\x1b[m\r\n" for name in r.sample(ENV, 2))


@term("ansi")
def progress():
    return "".join(f"\rfetching {i * 10}%" for i in range(10)) + f"\r\x1b[2Ktoken={value()}\r\n\x1b]0;deploy --token={S(mixed(B62, 32))}\x07\x1b[32m✓\x1b[0m done\r\n"


@api("json")
def secret_value():
    return json_pretty({"ARN": f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{N('prod/db-' + letters(B62, 6), 'arn')}", "Name": "prod/db", "VersionId": N(guid(), "uuid"), "SecretString": S(r.choice([password(), mixed(B62, 24)]), "secret-string"), "CreatedDate": 1760000000.0})


@api("json")
def parameters():
    return json_pretty({"Parameters": [{"Name": "/a/url", "Type": "String", "Value": N("https://x.example.com", "url")}, {"Name": "/a/pw", "Type": "SecureString", "Value": S(password(), "ssm"), "Version": 1}]})


@api("json")
def assumed_role():
    return json_pretty({"Credentials": {"AccessKeyId": S("ASIA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), "key-id", 2), "SecretAccessKey": S(mixed(B64, 40), "aws-secret"), "SessionToken": S("IQoJb3JpZ2luX2Vj" + letters(B64, 300), "aws-token"), "Expiration": "2026-07-14T10:11:12Z"}, "AssumedRoleUser": {"AssumedRoleId": N("AROA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17) + ":s", "id")}})


@api("xml")
def assumed_role_xml():
    return f'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>{S("ASIA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), "key-id", 2)}</AccessKeyId><SecretAccessKey>{S(mixed(B64, 40), "aws-secret")}</SecretAccessKey><SessionToken>{S("IQoJb3JpZ2luX2Vj" + letters(B64, 300), "aws-token")}</SessionToken></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>{N(guid(), "uuid")}</RequestId></ResponseMetadata></AssumeRoleResponse>'


@api("json")
def function_environment():
    return json_pretty({"FunctionName": "f", "CodeSha256": N(b64(r.randbytes(32)), "sha"), "RevisionId": N(guid(), "uuid"), "Environment": {"Variables": {"LOG_LEVEL": "debug", "DB_PASSWORD": S(password()), "API_TOKEN": value()}}})


@api("json")
def task_definition():
    return json_pretty({"taskDefinition": {"containerDefinitions": [{"name": "web", "image": "app@sha256:" + N(letters(HEX, 64), "digest"), "environment": [{"name": "PORT", "value": "8080"}, {"name": "JWT_SECRET", "value": S(mixed(B62, 32))}], "secrets": [{"name": "DB", "valueFrom": N("arn:aws:ssm:eu-west-1:123456789012:parameter/db", "arn")}]}]}})


@api("json")
def data_key():
    return json_pretty({"CiphertextBlob": N("AQIDAHh" + letters(B64, 180), "ciphertext"), "Plaintext": S(b64(r.randbytes(32)), "data-key"), "KeyId": N("arn:aws:kms:eu-west-1:123456789012:key/" + guid(), "arn")})


@api("json")
def registry_token():
    return json_pretty({"authorizationData": [{"authorizationToken": S(b64(b"AWS:" + r.randbytes(600)), "ecr"), "expiresAt": 1760000000.1, "proxyEndpoint": "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"}]})


@api("json")
def log_events():
    inner = json.dumps({"password": "\x04"}).replace("\\u0004", "\x04").split("\x04")
    esc = lambda t: json.dumps(t)[1:-1]
    return '{"events": [{"message": "' + esc(inner[0]) + S(mixed(B62, 16)) + esc(inner[1]) + f'", "ingestionTime": 1760000000000, "eventId": "{N(letters("0123456789", 56), "event")}"}}], "nextToken": "{N(b64(r.randbytes(90)), "page")}"}}\n'


@api("xml")
def user_created():
    return f"<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>ana</UserName><AccessKeyId>{S('AKIA' + letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16), 'key-id', 2)}</AccessKeyId><Status>Active</Status><SecretAccessKey>{S(mixed(B64, 40), 'aws-secret')}</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>"


@api("json")
def table_rows():
    return json_pretty({"Items": [{"id": {"S": N(guid(), "uuid")}, "api_key": {"S": S(mixed(B62, 32))}, "etag": {"S": N(letters(HEX, 32), "etag")}, "n": {"N": "12"}} for _ in range(2)]})
