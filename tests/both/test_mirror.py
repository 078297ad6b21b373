"""Every pure module has a test module of its name, so that its maintainer knows where to look."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "py_identity_model"
ROOMS = {
    "_jose": "jose",
    "_protocol": "protocol",
    **{
        f"_{room}": f"protocol/{room}"
        for room in (
            *("wire", "client_auth", "validation", "sessions", "resource_server"),
            *("relying_party", "web"),
        )
    },
}


def test_every_pure_module_has_a_test_module() -> None:
    missing = [
        f"{room}/{path.stem}"
        for room, folder in ROOMS.items()
        for path in sorted((SOURCE / room).glob("*.py"))
        if path.stem != "__init__" and not (TESTS / folder / f"test_{path.stem}.py").exists()
    ]
    assert missing == []
