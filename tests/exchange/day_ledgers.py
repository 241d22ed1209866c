"""The ledgers of a day, and whether they tell one story: the diaries of the phones, the documents
of the accounting system, the fiscal memories of the registrars, the terminal's transactions."""
import collections
import json
import pathlib


def plain(value):
    """Forgets what a form adds: XML knows neither numbers nor lists of one element."""
    if isinstance(value, dict):
        return {name: plain(field) for name, field in value.items() if field is not None}
    if isinstance(value, list):
        return plain(value[0]) if len(value) == 1 else [plain(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def minor(money):
    whole, _, rest = money.partition(".")
    return int(whole) * 100 + int((rest + "00")[:2])


def part_of(told, name):
    """A result of a device's host, whether it stands in the operation or alone."""
    return ((told or {}).get("result") or told or {}).get(name) or {}


class Phone:
    """What one phone wrote down: its commands with their ends, and its documents."""

    def __init__(self, folder):
        self.name = pathlib.Path(folder).name
        self.device_id = ""
        self.documents, self.commands, self.sales, self.answers = [], {}, {}, {}
        self.open_sale = None
        for line in (pathlib.Path(folder) / "phone.diary").read_text().splitlines():
            self.take(json.loads(line))

    def take(self, entry):
        if "enrolled" in entry:
            self.device_id = entry["enrolled"]["deviceId"]
        elif "begun" in entry:
            self.open_sale = entry["begun"]["number"]
            self.sales[self.open_sale] = entry["begun"]
        elif "abandoned" in entry:
            self.open_sale = None
        elif "command" in entry:
            self.commands[entry["command"]["id"]] = dict(entry["command"], state="")
        elif "ended" in entry:
            self.commands[entry["ended"]["id"]].update(state=entry["ended"]["state"],
                                                       told=entry["ended"].get("result"))
        elif "document" in entry:
            self.documents.append(entry["document"])
            if "sale" in entry:
                self.open_sale = None
        elif "answered" in entry:
            self.answers[entry["answered"]["docId"]] = entry["answered"]["status"]

    def done(self, step):
        return [one for one in self.commands.values()
                if one["step"] == step and one["state"] == "done"]


class Check:
    """Collects what does not agree; `wrong` is empty where the day is right."""

    def __init__(self, phones, received, registrars, transactions):
        self.phones, self.received = phones, received
        self.registrars, self.transactions = registrars, transactions
        self.wrong = []
        self.counts = collections.Counter()

    def say(self, text):
        self.wrong.append(text)

    def run(self):
        self.documents_arrived()
        self.numbers_without_gaps()
        self.sales_have_one_document()
        for name, documents in self.registrars.items():
            self.registrar_agrees(name, documents)
        self.terminal_agrees()
        return self.wrong

    def documents_arrived(self):
        """Each document of a phone exactly once, as it was; and nothing else."""
        held = {one["document"]["docId"]: one for one in self.received}
        made = {}
        for phone in self.phones:
            if phone.open_sale is not None:
                self.say(f"{phone.name}: sale {phone.open_sale} is open")
            for document in phone.documents:
                made[document["docId"]] = document
                self.document_arrived(phone, document, held.get(document["docId"]))
        for unknown in held.keys() - made.keys():
            self.say(f"accounting: document {unknown} of no phone")
        self.counts["documents"] = len(made)

    def document_arrived(self, phone, document, one):
        doc_id = document["docId"]
        if one is None:
            self.say(f"{phone.name}: document {doc_id} (number {document['deviceSeq']}) is lost")
            return
        if one["times"] != 1 or one["differs"]:
            self.say(f"{phone.name}: document {doc_id} came {one['times']} times")
        held = plain(one["document"])
        if held.get("deviceId", phone.device_id) != phone.device_id:
            self.say(f"{phone.name}: document {doc_id} came as another phone's")
        for field, value in plain(document).items():
            if held.get(field) != value and field != "createdAt":
                self.say(f"{phone.name}: document {doc_id} came with another {field}")

    def numbers_without_gaps(self):
        numbers = collections.defaultdict(list)
        for one in self.received:
            numbers[one["document"]["deviceId"]].append(int(one["document"]["deviceSeq"]))
        for device, found in numbers.items():
            if sorted(found) != list(range(1, len(found) + 1)):
                self.say(f"accounting: numbers of device {device} have gaps or doubles")

    def sales_have_one_document(self):
        """Each registered receipt is in accounting in exactly one document, with its total."""
        by_receipt = collections.defaultdict(list)
        for one in self.received:
            receipt = one["document"]["body"].get("receipt")
            if receipt:
                sign = receipt["fiscal"]
                by_receipt[sign["registrar"], int(sign["fdNumber"])].append(receipt)
        for phone in self.phones:
            for command in phone.done("fiscal"):
                fiscal = part_of(command["told"], "fiscal")
                key = command["device"], fiscal.get("fiscal_document_number")
                receipts = by_receipt.pop(key, [])
                if len(receipts) != 1:
                    self.say(f"{phone.name}: receipt {key} stands in {len(receipts)} documents")
                elif minor(receipts[0]["total"]) != phone.sales[command["sale"]]["totalMinor"]:
                    self.say(f"{phone.name}: receipt {key} has another total in accounting")
                self.counts["receipts"] += 1
        for key in by_receipt:
            self.say(f"accounting: receipt {key} that no phone has as done")

    def registrar_agrees(self, name, documents):
        """Number and total of each receipt, both ways; so the sums are equal too."""
        told = collections.Counter()
        for phone in self.phones:
            for command in phone.done("fiscal"):
                if command["device"] == name:
                    fiscal = part_of(command["told"], "fiscal")
                    told[fiscal.get("fiscal_document_number"),
                         phone.sales[command["sale"]]["totalMinor"]] += 1
        memory = collections.Counter((one["number"], one["total_minor"]) for one in documents
                                     if one["type"] == "receipt")
        for key, times in (memory - told).items():
            self.say(f"{name}: {times} × {key} is registered, and no phone has it as done")
        for key, times in (told - memory).items():
            self.say(f"{name}: {times} × {key} is done for a phone, and not registered")
        self.counts[f"sum on {name}"] = sum(one["total_minor"] for one in documents
                                            if one["type"] == "receipt")

    def terminal_agrees(self):
        told = collections.Counter()
        for phone in self.phones:
            paid = {command["sale"]: command for command in phone.done("pay")}
            for command in paid.values():
                told[part_of(command["told"], "payment").get("trace_number"),
                     phone.sales[command["sale"]]["totalMinor"]] += 1
            for command in phone.done("fiscal"):
                if phone.sales[command["sale"]]["card"] and command["sale"] not in paid:
                    self.say(f"{phone.name}: sale {command['sale']} was not paid")
        ledger = collections.Counter((one["trace_number"], one["amount_minor"])
                                     for one in self.transactions
                                     if one["kind"] == "payment" and one["state"] == "stored")
        for key, times in (ledger - told).items():
            self.say(f"terminal: {times} × {key} was charged, and no phone has it as paid")
        for key, times in (told - ledger).items():
            self.say(f"terminal: {times} × {key} is paid for a phone, and was not charged")
        self.counts["cards"] = sum(ledger.values())
