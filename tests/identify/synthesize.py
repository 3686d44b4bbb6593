#!/usr/bin/env python3
"""Writes what botocore would send for every operation of every service: one JSON object a line, to standard output.

    tests/identify/synthesize.py [SERVICE …]

The parameters are made up from the models: every member is filled, two deep in lists, four deep in structures. The requests
come from botocore's own serializers, one for each protocol that the model lists, and the hosts from its own endpoint
rules. Fields: service, operation, protocol, signing, host, method, uri (raw), headers, body (base64) and params, the
parameters that went in: `?` stands for a time, whose form on the wire differs; secrets and streamed bodies are left out.
"""

import base64
import datetime
import gzip
import json
import multiprocessing
import pathlib
import sys
from urllib.parse import urlsplit

import botocore
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.endpoint_provider import EndpointProvider
from botocore.model import ServiceModel
from botocore.serialize import SERIALIZERS

DATA = pathlib.Path(botocore.__file__).parent / "data"
ACCOUNT = "123456789012"
REGION = "eu-west-1"
WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
DEEPEST = 4


def load(folder, name):
    for path in (folder / f"{name}.json.gz", folder / f"{name}.json"):
        if path.is_file():
            opener = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rt", encoding="utf-8") as file:
                return json.load(file)
    return None


PARTITIONS = load(DATA, "partitions")


def value(shape, name, service, path=()):
    """A value for the serializer, and what identify should see of it."""
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return {"a": 1}, {"a": 1}
        return structure(shape, service, path)
    if kind == "list":
        if len(path) > DEEPEST or shape.member.name in path:
            return [], []
        both = [value(shape.member, name, service, (*path, shape.name)) for _ in range(2 if len(path) < 2 else 1)]
        return [v for v, _ in both], [w for _, w in both]
    if kind == "map":
        if len(path) > DEEPEST or shape.value.name in path:
            return {}, {}
        key = shape.key.enum[0] if getattr(shape.key, "enum", None) else "key1"
        given, seen = value(shape.value, name, service, (*path, shape.name))
        return {key: given}, {key: seen}
    if kind == "string" and shape.serialization.get("jsonvalue") and shape.serialization.get("location"):
        return {"a": 1}, "?"
    if kind == "string":
        return (text(shape, name, service),) * 2
    if kind in ("integer", "long"):
        return 7, 7
    if kind in ("float", "double"):
        return 1.5, 1.5
    if kind == "boolean":
        return True, True
    if kind == "timestamp":
        return WHEN, "?"
    if kind == "blob":
        return b"hi there", base64.b64encode(b"hi there").decode()
    raise ValueError(kind)


def text(shape, name, service):
    if getattr(shape, "enum", None):
        return shape.enum[0]
    low = name.lower()
    if low.endswith("arn") or low.endswith("arns"):
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:thing/{name}"
    if low == "accountid":
        return ACCOUNT
    return f"{name} &1" if len(name) % 3 == 0 and not shape.metadata.get("pattern") else f"{name[:20]}-1"


def structure(shape, service, path=()):
    given, seen = {}, {}
    if len(path) > DEEPEST or (shape.name in path):
        return given, seen
    for name, member in shape.members.items():
        if getattr(member, "is_eventstream", False) or member.serialization.get("eventstream"):
            continue
        deep = len(path) >= 2 and name not in shape.required_members
        if deep and member.type_name in ("structure", "list", "map"):
            continue
        where = member.serialization.get("location")
        if member.type_name == "blob" and (member.serialization.get("streaming") or name == shape.serialization.get("payload")):
            given[name] = b""
            continue
        a, b = value(member, name, service, (*path, shape.name))
        if a in ([], {}) and name not in shape.required_members:
            continue
        if where in ("uri", "header", "headers", "querystring") and isinstance(a, str) and "arn:" not in a:
            a = b = a.replace(" &", "-")
        given[name] = a
        secret = where == "header" and member.metadata.get("sensitive") and name != "SSEKMSKeyId"
        if not secret and not (name == shape.serialization.get("payload") and member.serialization.get("streaming")):
            seen[name] = b
        if getattr(shape, "is_tagged_union", False):
            break
    return given, seen


def endpoint(provider, rules, operation, params):
    given = {}
    known = rules["parameters"]
    for name, parameter in known.items():
        built = parameter.get("builtIn")
        if built == "AWS::Region":
            given[name] = REGION
        elif parameter["type"].lower() == "boolean":
            given[name] = parameter.get("default", False)
    for parameter in operation.static_context_parameters:
        given[parameter.name] = parameter.value
    for parameter in operation.context_parameters:
        if isinstance(params.get(parameter.member_name), (str, bool)):
            given[parameter.name] = params[parameter.member_name]
    return provider.resolve_endpoint(**given).url


def service(name):
    folder = sorted((p for p in (DATA / name).iterdir() if p.is_dir()), reverse=True)
    folder = next(p for p in folder if load(p, "service-2"))
    raw = load(folder, "service-2")
    model = ServiceModel(raw, name)
    rules = load(folder, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, PARTITIONS) if rules else None
    meta = raw["metadata"]
    out = []
    for op in model.operation_names:
        operation = model.operation_model(op)
        params, seen = {}, {}
        if operation.input_shape is not None:
            params, seen = structure(operation.input_shape, meta.get("signingName") or meta["endpointPrefix"])
        if name in ("s3", "s3control") and "Bucket" in params:
            params["Bucket"] = seen["Bucket"] = "a-bucket"
        if name == "s3" and "CopySource" in params:
            params["CopySource"] = seen["CopySource"] = "from/key"
        if name == "s3" and "Key" in params:
            params["Key"] = seen["Key"] = "folder/a key+%&.txt"
        for protocol in meta.get("protocols") or [meta["protocol"]]:
            try:
                request = SERIALIZERS[protocol]().serialize_to_request(params, operation)
            except Exception as error:
                print(f"{name}.{op} {protocol}: {error!r}", file=sys.stderr)
                continue
            try:
                url = endpoint(provider, rules, operation, params)
            except Exception:
                url = f"https://{meta['endpointPrefix']}.{REGION}.amazonaws.com"
            prefix = request.pop("host_prefix", None)
            if name == "s3control":
                prefix = None  # its endpoint rules know the account
            if name == "s3" and "Bucket" in params and "a-bucket" in urlsplit(url).netloc + urlsplit(url).path:
                # The bucket stands in the host: the template's first label goes.
                request["url_path"] = request["url_path"].replace("/a-bucket", "", 1) or "/"
            prepare_request_dict(request, url, context={"auth_type": None}, user_agent="x")
            if prefix:
                head, tail = request["url"].split("://", 1)
                request["url"] = f"{head}://{prefix}{tail}"
            prepared = create_request_object(request).prepare()
            parts = urlsplit(prepared.url)
            body = prepared.body or b""
            if hasattr(body, "read"):
                body = body.read()
            if isinstance(body, str):
                body = body.encode()
            headers = {
                k: v.decode() if isinstance(v, bytes) else str(v) for k, v in prepared.headers.items()
                if k.lower() not in ("user-agent", "content-length")
            }
            out.append(json.dumps({
                "service": name, "operation": op, "protocol": protocol, "version": meta["apiVersion"],
                "signing": meta.get("signingName") or meta["endpointPrefix"], "host": parts.netloc,
                "method": prepared.method, "uri": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                "headers": headers, "body": base64.b64encode(body).decode(), "params": seen,
            }))
    return "\n".join(out)


def main():
    names = sys.argv[1:] or sorted(p.name for p in DATA.iterdir() if p.is_dir() and any(p.glob("*/service-2*")))
    with multiprocessing.Pool(2) as pool:
        for text in pool.imap(service, names, chunksize=4):
            if text:
                print(text)


if __name__ == "__main__":
    main()
