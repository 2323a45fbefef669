"""The clerk's window system: a client of the pad's HTTP desk.

It receives what the clerk may know and nothing else: open, rated, unrated, withdrawn, paused.
"""

import asyncio
import http.client
from typing import Any

import msgspec

ANSWER_S = 5.0


class DeskRefusalError(RuntimeError):
    """The desk refused: `status` (HTTP; 0 when the pad could not be reached), `code`, and the
    reason in words (`says`).
    """

    def __init__(self, status: int, code: str, says: str) -> None:
        super().__init__(f"{code}: {says}")
        self.status = status
        self.code = code
        self.says = says


class DeskClient:
    """One window's calls to its pad. Each call runs on a thread and does not block the loop."""

    def __init__(self, port: int, token: str, clerk: str) -> None:
        self._port = port
        self._token = token
        self._clerk = clerk

    async def invite(self, case: str, matter: str, step: str) -> str:
        """Ask for a rating; the invitation's id. Raises DeskRefusalError."""
        fields = {"case": case, "matter": matter, "step": step, "clerk": self._clerk}
        answer = await self._call("POST", "/invitations", fields)
        return str(answer["invitation"])

    async def standing(self, invitation: str) -> str:
        """What became of an invitation. Raises DeskRefusalError."""
        answer = await self._call("GET", f"/invitations/{invitation}")
        return str(answer["standing"])

    async def withdraw(self, invitation: str) -> None:
        """Take an invitation back. Raises DeskRefusalError."""
        await self._call("POST", f"/invitations/{invitation}/withdraw", {"reason": "desk"})

    async def pause(self) -> None:
        """Close the window. Raises DeskRefusalError."""
        await self._call("POST", "/window/pause", {"by": self._clerk})

    async def resume(self) -> None:
        """Open the window. Raises DeskRefusalError."""
        await self._call("POST", "/window/resume", {"by": self._clerk})

    async def window(self) -> dict[str, Any]:
        """The state of the window. Raises DeskRefusalError."""
        return await self._call("GET", "/window")

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return await asyncio.to_thread(self._exchange, method, path, body)

    def _exchange(self, method: str, path: str, body: Any) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        payload = None if body is None else msgspec.json.encode(body)
        try:
            connection.request(method, f"/v1{path}", payload, headers)
            answer = connection.getresponse()
            fields = msgspec.json.decode(answer.read(), type=dict[str, Any])
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A power cut in the middle of an answer raises one of these, too.
            raise DeskRefusalError(0, "off", "the pad does not answer") from error
        finally:
            connection.close()
        if answer.status >= 400:
            code, says = str(fields.get("error", "error")), str(fields.get("says", ""))
            raise DeskRefusalError(answer.status, code, says)
        return fields
