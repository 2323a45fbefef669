"""The receiver's receipts: which of a group's are sent, and what happens to one that cannot be.

A receipt is sent after the commit, and before the message is acknowledged to the broker.
"""

import msgspec

from sync.messages import Problem, Receipt, Topic, write_message
from sync.mqtt import Connection, Outgoing, PacketTooLargeError
from sync.trouble_log import TroubleLog, error_text

PadReceipt = tuple[str, Receipt]
"""A pad, and a receipt for it."""


def condense(receipts: list[PadReceipt]) -> list[PadReceipt]:
    """Of a group's receipts those that its pads need, in their order.

    A receipt with a higher seq of a ledger makes the lower ones unnecessary. Kept besides: the
    answer to each birth, and each problem once.
    """
    wanted: dict[tuple[str, str, str | None, Problem | None], Receipt] = {}
    for pad, receipt in receipts:
        key = (pad, receipt.ledger, receipt.session, receipt.problem)
        before = wanted.get(key)
        if before is None or receipt.seq >= before.seq:
            wanted[key] = receipt
    return [(key[0], receipt) for key, receipt in wanted.items()]


def send(connection: Connection, pad: str, receipt: Receipt, troubles: TroubleLog) -> None:
    """Publish a receipt, without its detail where it is too long for the broker.

    Raises ConnectionError. A receipt that cannot be sent for another reason is logged and holds up
    nobody: its message is stored or on record, and the pad sends again after its timeout.
    """
    subject = f"receipts of pad {pad}"
    try:
        try:
            _publish(connection, pad, receipt)
        except PacketTooLargeError:
            _publish(connection, pad, msgspec.structs.replace(receipt, detail=None))
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever the client raises for one message
        troubles.failed(subject, f"not sent: {error_text(error)}", error)
    else:
        troubles.works(subject)


def _publish(connection: Connection, pad: str, receipt: Receipt) -> None:
    connection.publish(Outgoing(Topic.RECEIPT.of(pad), write_message(receipt)))
