"""What can go wrong, as exceptions. Programs read code, reaction and effect; text is for people."""
from __future__ import annotations


class TillhostError(Exception):
    """An error of devd, of the connection, or of a field, all with the same five facts.

    code         stable name, such as "paper_out"; the table stands in docs/clients.md
    reaction     what to do: "reject" the request is wrong, "ask_operator" a person must do
                 something first, "retry_later" the same request may succeed later, "reconnect",
                 "report"
    effect       "none": certainly nothing happened; "unknown": only the operation's id tells
    text         for people; begins with the field's path if a field is wrong
    field        that path, such as "lines[3].price_minor"; empty if no field is wrong
    device_code  the device's own number, 0 if it said nothing
    """

    def __init__(self, code: str, text: str = "", *, reaction: str = "reject",
                 effect: str = "none", field: str = "", device_code: int = 0) -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.text = text
        self.reaction = reaction
        self.effect = effect
        self.field = field
        self.device_code = device_code

    @property
    def may_have_happened(self) -> bool:
        return self.effect == "unknown"


class FieldError(TillhostError):
    """A field has a value outside its bounds; found before anything is sent, or by devd."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__("bad_field", f"{field}: {expected}", field=field)


class NoDaemon(TillhostError):
    """Nothing listens at the endpoint. Nothing was sent."""

    def __init__(self, text: str) -> None:
        super().__init__("no_daemon", text, reaction="ask_operator")


class NotAdmitted(TillhostError):
    """Another machine's devd is there and lets us not in, or is not what it should be. Nothing was
    sent. not_paired: it does not know our key; wrong_host_key: it has another key than when it was
    paired; not_encrypted: something else answers there; retry_later: too many connections."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text, reaction={"not_encrypted": "reject",
                                               "retry_later": "retry_later"}.get(
                                                   code, "ask_operator"))


class ConnectionLost(TillhostError):
    """The connection ended, or no answer came in time; effect "unknown": the request had left."""


class DevdError(TillhostError):
    """What devd answered."""
