"""Signing in, and everything that must not let anybody in."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from modbot import accounts, passwords, sessions, sign_in, throttle, totp, users
from modbot.errors import ConfigError, NotAllowed, SignInBlocked, SignInRefused
from modbot.passwords import Weakness, weakness
from modbot.sealing import Seal, seal
from modbot.sessions import Limits
from modbot.sign_in import Browser, Step, begin, check_code, choose_password, finish
from modbot.store import Store, body_of, table
from modbot.tables import Account, Attempts, AuditEvent, Content, RecoveryCode, Session
from tests.modbot.scene import district

PASSWORD = "purple tractor sings low"
HERE = Browser("192.0.2.7", "Mozilla/5.0 Firefox/140.0")
LIMITS = Limits(timedelta(minutes=30), timedelta(hours=10))


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm at a thousandth of its cost, which is there for attackers and not for tests."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def people(store: Store) -> Store:
    """Ana has a password, ben only a one-time code, vic nothing; root is an administrator."""
    district(store)
    users.add(store, "root", "Ruth Root", "administrator")
    return store


@pytest.fixture
def key(tmp_path: Path) -> Seal:
    return seal(tmp_path / "people.key")


def with_password(store: Store, name: str = "ana") -> None:
    code = accounts.new_code(store, name)
    ticket, step = begin(store, name, code, HERE)
    assert step is Step.PASSWORD
    choose_password(store, ticket, PASSWORD, HERE)


def with_app(store: Store, key: Seal, name: str = "ana") -> tuple[str, list[str]]:
    """The app's secret and the recovery codes."""
    secret = accounts.begin_totp(store, key, name)
    return secret, accounts.confirm_totp(store, key, name, pyotp.TOTP(secret).now())


def following_code(secret: str) -> str:
    """The code that the app shows next, which is taken already because clocks differ."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30))


def said(store: Store) -> str:
    """Everything that the log and its contents hold, as text."""
    with store.read() as connection:
        rows = [
            *connection.execute(sa.select(table(AuditEvent))),
            *connection.execute(sa.select(table(Content))),
        ]
    return "\n".join(map(str, rows))


def kinds(store: Store) -> list[str]:
    with store.read() as connection:
        return list(
            connection.execute(
                sa.select(table(AuditEvent).c.kind).order_by(table(AuditEvent).c.seq)
            ).scalars()
        )


def fail(store: Store, times: int, name: str = "ana", browser: Browser = HERE) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            begin(store, name, "wrong", browser)


def test_the_first_sign_in_takes_the_browsers_language_and_later_ones_leave_the_persons_own(
    people: Store,
) -> None:
    spanish = replace(HERE, language="es")
    ticket, _ = begin(people, "ana", accounts.new_code(people, "ana"), spanish)
    choose_password(people, ticket, PASSWORD, spanish)
    assert language_of(people, "ana") == "es"
    accounts.set_language(people, "ana", "en")
    ticket, _ = begin(people, "ana", PASSWORD, spanish)
    finish(people, ticket, spanish)
    assert language_of(people, "ana") == "en"


def language_of(store: Store, name: str) -> str:
    found = accounts.profile(store, name)
    assert found is not None
    return found.language


def test_a_one_time_code_lets_a_person_choose_a_password_once(people: Store) -> None:
    code = accounts.new_code(people, "ana")
    ticket, step = begin(people, "ana", f" {code.upper().replace('-', ' ')}", HERE)
    assert step is Step.PASSWORD
    with pytest.raises(SignInRefused):
        finish(people, ticket, HERE)
    with pytest.raises(SignInRefused):
        choose_password(people, ticket, "too short", HERE)
    token = choose_password(people, ticket, PASSWORD, HERE)
    here = sessions.find(people, token, LIMITS)
    assert here is not None
    assert (here.name, here.role, here.address) == ("ana", "moderator", "192.0.2.7")
    for used in (
        lambda: begin(people, "ana", code, HERE),
        lambda: choose_password(people, ticket, PASSWORD, HERE),
    ):
        with pytest.raises(SignInRefused):
            used()
    ticket, step = begin(people, "Ana ", PASSWORD, HERE)
    assert step is Step.DONE
    assert sessions.find(people, finish(people, ticket, HERE), LIMITS) is not None


def test_an_old_one_time_code_or_one_that_was_replaced_opens_nothing(people: Store) -> None:
    first = accounts.new_code(people, "ana")
    second = accounts.new_code(people, "ana")
    with pytest.raises(SignInRefused):
        begin(people, "ana", first, HERE)
    with people.write(logged=False) as tx:
        past = tx.now - timedelta(seconds=1)
        tx.execute(sa.update(table(Account)).values(code_until=past))
    with pytest.raises(SignInRefused):
        begin(people, "ana", second, HERE)


def test_with_an_app_the_password_alone_opens_nothing_and_a_code_works_once(people: Store, key: Seal) -> None:
    with_password(people)
    secret, _ = with_app(people, key)
    ticket, step = begin(people, "ana", PASSWORD, HERE)
    assert step is Step.CODE
    with pytest.raises(SignInRefused):
        finish(people, ticket, HERE)
    with pytest.raises(SignInRefused):
        check_code(people, key, ticket, pyotp.TOTP(secret).now(), HERE)
    following = following_code(secret)
    further, step = check_code(people, key, ticket, following, HERE)
    assert step is Step.DONE
    assert finish(people, further, HERE)
    with pytest.raises(SignInRefused):
        check_code(people, key, ticket, following, HERE)


def test_a_recovery_code_stands_in_for_the_app_once(people: Store, key: Seal) -> None:
    with_password(people)
    _, codes = with_app(people, key)
    ticket, _ = begin(people, "ana", PASSWORD, HERE)
    _, step = check_code(people, key, ticket, codes[3].upper(), HERE)
    assert step is Step.DONE
    with pytest.raises(SignInRefused):
        check_code(people, key, ticket, codes[3], HERE)
    found = accounts.profile(people, "ana")
    assert found is not None
    assert (found.has_totp, found.recovery_left) == (True, 9)
    fresh = accounts.new_recovery_codes(people, "ana")
    with pytest.raises(SignInRefused):
        check_code(people, key, ticket, codes[4], HERE)
    assert check_code(people, key, ticket, fresh[0], HERE)[1] is Step.DONE


def test_a_new_one_time_code_does_not_lead_around_the_app(people: Store, key: Seal) -> None:
    with_password(people)
    with_app(people, key)
    ticket, step = begin(people, "ana", accounts.new_code(people, "ana"), HERE)
    assert step is Step.CODE
    with pytest.raises(SignInRefused):
        choose_password(people, ticket, PASSWORD, HERE)
    code = accounts.new_code(people, "ana", by="root", keep_totp=False)
    assert begin(people, "ana", code, HERE)[1] is Step.PASSWORD


def test_a_ticket_is_sealed_and_worthless_once_the_account_changed(
    people: Store, key: Seal, tmp_path: Path
) -> None:
    with_password(people)
    ticket, _ = begin(people, "ana", PASSWORD, HERE)
    packed = sign_in.pack(key, ticket)
    assert sign_in.unpack(key, packed) == ticket
    assert sign_in.unpack(seal(tmp_path / "other.key"), packed) is None
    assert sign_in.unpack(key, packed[:-4] + "AAA=") is None
    accounts.new_code(people, "ana")
    with pytest.raises(SignInRefused):
        finish(people, ticket, HERE)


def test_unknown_names_deactivated_people_and_wrong_passwords_get_the_same_answer(people: Store) -> None:
    with_password(people)
    users.deactivate(people, "vic")
    answers = set()
    for name, secret in (
        ("nobody", PASSWORD),
        ("ana", "wrong"),
        ("vic", PASSWORD),
        ("\x00' or 1=1", "x"),
        ("", ""),
    ):
        with pytest.raises(SignInRefused) as refused:
            begin(people, name, secret, HERE)
        answers.add(str(refused.value))
    assert len(answers) == 1


def test_guessing_is_slowed_down_for_the_account_wherever_it_comes_from(people: Store) -> None:
    with_password(people)
    for number in range(5):
        fail(people, 1, browser=Browser(f"192.0.2.{number}", ""))
    for secret in ("wrong", PASSWORD):
        with pytest.raises(SignInBlocked):
            begin(people, "ana", secret, Browser("198.51.100.1", ""))
    assert kinds(people)[-1] == "session.refused"
    with people.write(logged=False) as tx:
        tx.execute(sa.update(table(Attempts)).values(blocked_until=tx.now))
    finish(people, begin(people, "ana", PASSWORD, HERE)[0], HERE)
    fail(people, 4)


def test_whoever_guesses_elsewhere_does_not_keep_a_person_out_of_their_own_browser(people: Store) -> None:
    with_password(people)
    own = Browser(HERE.address, HERE.agent, "ana", "a note of hers")
    fail(people, 5)
    for other in (HERE, Browser(HERE.address, "", "ben", "a note of his")):
        with pytest.raises(SignInBlocked):
            begin(people, "ana", PASSWORD, other)
    assert finish(people, begin(people, "ana", PASSWORD, own)[0], own)
    with pytest.raises(SignInBlocked):
        begin(people, "ana", PASSWORD, HERE)
    fail(people, 5, browser=own)
    with pytest.raises(SignInBlocked):
        begin(people, "ana", PASSWORD, own)


def test_many_guesses_at_the_same_moment_count_as_many(people: Store) -> None:
    with_password(people)

    def guess(number: int) -> type[Exception]:
        with pytest.raises(NotAllowed) as refused:
            begin(people, "ana", f"guess {number}", Browser(f"192.0.2.{number}", ""))
        return refused.type

    with ThreadPoolExecutor(12) as pool:
        answers = Counter(pool.map(guess, range(12)))
    assert answers == {SignInRefused: 5, SignInBlocked: 7}


def test_unknown_names_are_slowed_down_as_known_ones_are_and_do_not_reach_the_log(people: Store) -> None:
    fail(people, 5, name="my secret phrase")
    with pytest.raises(SignInBlocked):
        begin(people, "my secret phrase", "x", HERE)
    assert "my secret phrase" not in said(people)
    with people.read() as connection:
        assert "secret" not in str(connection.execute(sa.select(table(Attempts))).all())


def test_an_address_that_tries_many_names_is_slowed_down(people: Store) -> None:
    address = throttle.of_address(HERE.address)
    with people.write() as tx:
        noted = [throttle.failed(tx, address) for _ in range(address.free + 11)]
    assert [at + 1 for at, note in enumerate(noted) if note] == [30, 40]
    with pytest.raises(SignInBlocked):
        begin(people, "ana", "x", HERE)
    with pytest.raises(SignInRefused):
        begin(people, "ana", "x", Browser("198.51.100.1", ""))


def test_the_longest_wait_is_five_minutes_and_an_hour_forgets(people: Store) -> None:
    key, now = throttle.of_account("ana"), datetime(2026, 11, 22, 8, tzinfo=UTC)
    with people.write(now) as tx:
        for _ in range(200):
            throttle.failed(tx, key)
        until = throttle.blocked_until(tx.connection, [key], now)
    assert until is not None
    assert until - now == timedelta(minutes=5)
    with people.write(now + timedelta(hours=2)) as tx:
        throttle.failed(tx, key)
        assert throttle.blocked_until(tx.connection, [key], tx.now) is None


def test_a_session_ends_idle_after_hours_with_a_new_password_and_with_the_access(people: Store) -> None:
    def fresh() -> str:
        with people.write() as tx:
            return sessions.start(tx, "ana", address="::1", agent="x", how="password")

    now = datetime.now(UTC)
    first = fresh()
    assert sessions.find(people, first, LIMITS, now + timedelta(minutes=29)) is not None
    assert sessions.find(people, first, LIMITS, now + timedelta(minutes=31)) is None
    for minutes in range(20, 600, 20):
        here = sessions.find(people, first, LIMITS, now + timedelta(minutes=minutes))
        assert here is not None, minutes
        sessions.touch(people, here, now + timedelta(minutes=minutes))
    assert sessions.find(people, first, LIMITS, now + timedelta(minutes=601)) is None
    second = fresh()
    with_password(people)
    assert sessions.find(people, second, LIMITS) is None
    third = fresh()
    users.change_role(people, "ana", "viewer")
    here = sessions.find(people, third, LIMITS)
    assert here is not None
    assert here.role == "viewer"
    users.deactivate(people, "ana")
    assert sessions.find(people, third, LIMITS) is None
    assert "session.ended" in kinds(people)


def test_a_new_password_keeps_the_browser_in_which_it_was_chosen(people: Store) -> None:
    with_password(people)
    here, elsewhere = (finish(people, begin(people, "ana", PASSWORD, HERE)[0], HERE) for _ in range(2))
    found = sessions.find(people, here, LIMITS)
    assert found is not None
    new = "green ladder under snow"
    with pytest.raises(SignInRefused):
        sign_in.change_password(people, ("ana", found.id), ("wrong", new), HERE)
    sign_in.change_password(people, ("ana", found.id), (PASSWORD, new), HERE)
    assert sessions.find(people, here, LIMITS) is not None
    assert sessions.find(people, elsewhere, LIMITS) is None
    with pytest.raises(SignInRefused):
        begin(people, "ana", PASSWORD, HERE)


def test_a_proof_holds_five_minutes_and_takes_the_password_or_the_app(people: Store, key: Seal) -> None:
    with_password(people)
    secret, codes = with_app(people, key)
    with people.write(datetime.now(UTC) - timedelta(minutes=6)) as tx:
        token = sessions.start(tx, "ana", address="::1", agent="x", how="password")
    here = sessions.find(people, token, LIMITS)
    assert here is not None
    assert not here.proven(datetime.now(UTC))
    for wrong in ("wrong", "000000", codes[0]):
        with pytest.raises(SignInRefused):
            sign_in.prove(people, key, ("ana", here.id), wrong, HERE)
    sign_in.prove(people, key, ("ana", here.id), following_code(secret), HERE)
    again = sessions.find(people, token, LIMITS)
    assert again is not None
    assert again.proven(datetime.now(UTC))


def test_no_secret_stands_in_the_database_or_the_log(people: Store, key: Seal) -> None:
    code = accounts.new_code(people, "ben")
    with_password(people)
    secret, codes = with_app(people, key)
    token = finish(
        people, check_code(people, key, begin(people, "ana", PASSWORD, HERE)[0], codes[0], HERE)[0], HERE
    )
    with people.read() as connection:
        rows = [
            str(connection.execute(sa.select(table(each))).all()) for each in (Account, RecoveryCode, Session)
        ]
    everything = "\n".join([*rows, said(people)])
    for each in (code, code.replace("-", ""), PASSWORD, secret, token, codes[1], codes[1].replace("-", "")):
        assert each not in everything
    assert "$argon2id$" in rows[0]
    assert "$argon2id$" not in said(people)


def test_what_people_do_to_accounts_is_on_record_with_who_did_it(people: Store, key: Seal) -> None:
    with people.read() as connection:
        before = connection.execute(sa.select(sa.func.max(table(AuditEvent).c.seq))).scalar_one()
    with_password(people)
    with_app(people, key)
    accounts.remove_totp(people, "ana", by="root")
    with people.read() as connection:
        rows = connection.execute(
            sa.select(table(AuditEvent))
            .where(table(AuditEvent).c.seq > before)
            .order_by(table(AuditEvent).c.seq)
        ).all()
        told = [(row.kind, row.actor, (body_of(connection, row.seq) or {}).get("what", "")) for row in rows]
    assert told == [
        ("account.changed", "modbot", "one-time code given"),
        ("account.changed", "ana", "password chosen"),
        ("session.started", "ana", ""),
        ("account.changed", "ana", "authenticator app set up"),
        ("account.changed", "root", "authenticator app removed"),
    ]


def test_nobody_but_an_administrator_changes_other_peoples_accounts(people: Store) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC).date()
    for change in (
        lambda: accounts.new_code(people, "ben", by="lee"),
        lambda: accounts.remove_totp(people, "ben", by="lee"),
        lambda: accounts.set_training(people, "ben", day, day, by="lee"),
        lambda: accounts.set_email(people, "ben", "lee@example.org", by="lee"),
        lambda: users.change_role(people, "ben", "lead", by="lee"),
        lambda: users.end_sessions(people, "ben", by="lee"),
        lambda: users.deactivate(people, "ben", by="lee"),
    ):
        with pytest.raises(NotAllowed, match="not an active administrator"):
            change()


def test_one_administrator_always_stays_and_nobody_raises_themselves(people: Store) -> None:
    for change in (
        lambda: users.deactivate(people, "root"),
        lambda: users.change_role(people, "root", "lead"),
    ):
        with pytest.raises(NotAllowed, match="only administrator"):
            change()
    users.change_role(people, "ana", "administrator", by="root")
    with pytest.raises(NotAllowed, match="their own role"):
        users.change_role(people, "root", "records_officer", by="root")
    users.change_role(people, "root", "lead", by="ana")
    with pytest.raises(NotAllowed, match="only administrator"):
        users.deactivate(people, "ana")


def test_an_address_is_one_persons(people: Store) -> None:
    accounts.set_email(people, "ana", " Ana@Example.org ", by="")
    with pytest.raises(ConfigError, match="ana has this address"):
        accounts.set_email(people, "ben", "ana@example.org", by="")
    for wrong in ("ana", "a@b@c", "a b@c"):
        with pytest.raises(ConfigError, match="no e-mail address"):
            accounts.set_email(people, "ben", wrong, by="")


def test_training_is_valid_due_or_expired_by_the_day(people: Store) -> None:
    today = datetime(2026, 11, 22, tzinfo=UTC).date()
    states = {}
    for days in (-1, 0, 30, 31):
        accounts.set_training(people, "ana", today - timedelta(days=300), today + timedelta(days=days), by="")
        found = accounts.profile(people, "ana")
        assert found is not None
        states[days] = found.training(today)
    assert states == {-1: "expired", 0: "due", 30: "due", 31: "valid"}
    assert [one.training(today) for one in accounts.everyone(people) if one.name == "ben"] == ["none"]


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("elevenchars", Weakness.SHORT),
        ("x" * 201, Weakness.LONG),
        ("my name is Díaz ok", Weakness.NAME),
        ("ana.maria rides bikes", Weakness.NAME),
        ("Password1234", Weakness.COMMON),
        ("qwertyuiop123!", Weakness.COMMON),
        ("correct horse battery staple", Weakness.COMMON),
        ("111111111111", Weakness.COMMON),
        ("abababababab", Weakness.COMMON),
        ("purple tractor sings low", None),
        ("ñandú über 漢字 四つ", None),
    ],
)
def test_length_names_and_the_commonest_decide_about_a_password(
    password: str, found: Weakness | None
) -> None:
    assert weakness(password, "ana.maria", "Ana Maria Díaz") is found


def test_the_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.key"
    first = seal(path)
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert seal(path).open(first.close("text")) == "text"
    assert list(tmp_path.iterdir()) == [path]
    path.write_text("not a key")
    with pytest.raises(ConfigError, match="holds no key"):
        seal(path)


def test_the_qr_code_is_a_picture_without_style_or_script() -> None:
    drawn = totp.picture(totp.address(totp.new_secret(), "ana", "modbot Our & <district>"))
    assert drawn.startswith("<svg")
    assert not any(word in drawn for word in ("style", "script", "district", "href"))
