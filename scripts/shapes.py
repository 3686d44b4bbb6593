"""The rows of src/aws/shapes.tsv.zst: how the inner members of parameters differ on the wire from their names.

Only what differs is there: nothing for most JSON services, all lists and maps for forms and XML.

Lines (fields are separated by tabs; the reader is src/aws/identify/shapes.rs)
  @service  wire                    wire: `form`, `xml` or `json`
  >Operation  Member:type;…         top-level members whose insides differ
  Shape  wire=Member:type;…         members of a structure that differ; without `=` both names are the same

Types: empty for a scalar, `S` and a shape, `L(item)` and the items' type (item is empty for lists without a level of their
own), `M(entry,key,value)` and the values' type.
"""


def rows(service, model):
    protocols = set(model["metadata"].get("protocols") or [model["metadata"]["protocol"]])
    if protocols & {"ec2", "query"}:
        wire = "form"
    else:
        wire = "xml" if "rest-xml" in protocols else "json"
    reader = Reader(model["shapes"], wire, "ec2" in protocols)
    out = []
    for name, operation in sorted(model["operations"].items()):
        shape = operation.get("input", {}).get("shape")
        members = model["shapes"][shape].get("members", {}) if shape else {}
        # Their own names on the wire stand in the catalogue.
        found = [
            f"{member}:{kind}" for member, ref in members.items()
            if "location" not in ref and (kind := reader.kind(ref["shape"]))
        ]
        if found:
            out.append(f">{name}\t{';'.join(found)}")
    if not out:
        return []
    while reader.wanted - reader.done:
        for name in sorted(reader.wanted - reader.done):
            out.append(f"{name}\t{';'.join(reader.members(name))}")
    return [f"@{service}\t{wire}", *out]


class Reader:
    def __init__(self, shapes, wire, ec2):
        self.shapes, self.wire, self.ec2 = shapes, wire, ec2
        self.wanted, self.done, self.known = set(), set(), {}

    def kind(self, name):
        """The type, empty if nothing in it differs; the structures it needs are put down as wanted."""
        if not self.differs(name):
            return ""
        shape = self.shapes[name]
        if shape["type"] == "structure":
            self.wanted.add(name)
            return "S" + name
        flat = self.ec2 or shape.get("flattened")
        if shape["type"] == "list":
            item = "" if flat or self.wire == "json" else shape["member"].get("locationName", "member")
            return f"L({item}){self.kind(shape['member']['shape'])}"
        key, value = (shape[part].get("locationName", part) for part in ("key", "value"))
        return f"M({'' if flat else 'entry'},{key},{value}){self.kind(shape['value']['shape'])}"

    def members(self, name):
        self.done.add(name)
        out = []
        for member, ref in self.shapes[name].get("members", {}).items():
            wire, kind = self.name(member, ref), self.kind(ref["shape"])
            if wire != member or kind:
                out.append((f"{wire}={member}" if wire != member else member) + ":" + kind)
        return out

    def name(self, member, ref):
        shape = self.shapes[ref["shape"]]
        wire = ref.get("locationName", member)
        if self.wire == "json":
            return wire
        if self.wire == "xml":
            # An attribute; its prefix does not matter.
            return "@" + wire.split(":")[-1] if ref.get("xmlAttribute") else wire
        if self.ec2:
            return ref.get("queryName") or wire[:1].upper() + wire[1:]
        if shape["type"] == "list" and shape.get("flattened"):
            return shape["member"].get("locationName", wire)
        return wire

    def differs(self, name):
        """Whether the shape or one inside it has another form or other names on the wire."""
        if name not in self.known:
            seen, queue = set(), [name]
            self.known[name] = False
            while queue:
                at = queue.pop()
                if at in seen:
                    continue
                seen.add(at)
                shape = self.shapes[at]
                if self.wire != "json" and shape["type"] in ("list", "map"):
                    self.known[name] = True
                    break
                if any(self.name(m, ref) != m for m, ref in shape.get("members", {}).items()):
                    self.known[name] = True
                    break
                queue += [ref["shape"] for ref in shape.get("members", {}).values()]
                queue += [shape[part]["shape"] for part in ("member", "value") if part in shape]
        return self.known[name]
