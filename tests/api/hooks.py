"""What is kept from leaving, whatever was made up: the last look at each request before it is made.

RECEIVER is the address of the webhooks' receiver, OWN_KEY the id of the key that the requests are made with.
"""

import os

import schemathesis

RECEIVER = os.environ["RECEIVER"]
OWN_KEY = os.environ["OWN_KEY"]


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    if path.startswith("/webhooks"):
        case.body = to_receiver(case.body)
    # Without its own key every later answer would be 401, which the document allows.
    if path == "/keys/{key}" and str(case.path_parameters.get("key", "")).strip() == OWN_KEY:
        case.path_parameters["key"] = "nobodys"


def to_receiver(body):
    """Made-up addresses are somebody's: a webhook tells nobody but the receiver. What is no address at all is refused as it is."""
    if isinstance(body, dict):
        return {name: RECEIVER if name == "url" and is_address(value) else value for name, value in body.items()}
    return b"" if isinstance(body, (bytes, str)) and is_address(body) else body


def is_address(value):
    # Nothing without one is read as an address.
    return ":" in (value.decode("latin-1") if isinstance(value, bytes) else str(value))
