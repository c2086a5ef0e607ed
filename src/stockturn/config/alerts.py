"""Alerts: which rules are on, from where on each level counts, who is told, and how mail is sent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from stockturn.config.base import Section

LEVELS = ("info", "warning", "critical")
Level = Literal["info", "warning", "critical"]
Limit = float | Literal["never"] | None


class Levels(Section):
    """From which figure on (inclusive) an alert has a level; 'never' switches a level off."""

    info: Limit = Field(None, description="info from this figure on; 'never' for no such level")
    warning: Limit = Field(None, description="warning from this figure on; 'never' for no such level")
    critical: Limit = Field(None, description="critical from this figure on; 'never' for no such level")

    def limits(self) -> dict[str, float]:
        """The levels that are in use, with the figure each begins at."""
        given = {name: getattr(self, name) for name in LEVELS}
        return {name: float(limit) for name, limit in given.items() if limit is not None and limit != "never"}


class RuleSettings(Levels):
    """Section ``[alerts.rules.NAME]``: what is left out there stays as it is by default."""

    on: bool = Field(True, description="whether the rule is looked at")
    owner: str | None = Field(
        None, description="this person gets the alerts of the rule, whoever owns the item"
    )
    classes: dict[str, Levels] = Field(
        default_factory=dict, description="ABC class = its own levels, before the general ones"
    )
    categories: dict[str, Levels] = Field(
        default_factory=dict, description="category = its own levels, before those of the class"
    )

    def over(self, given: RuleSettings) -> RuleSettings:
        """These settings with what was given in place of them."""
        return self.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


RULES: dict[str, RuleSettings] = {
    # days until goods can come (the next open order, else the lead time); class C never wakes anybody
    "stockout": RuleSettings(critical=0, classes={"C": Levels(warning=0, critical="never")}),
    # days by which even an order placed now comes too late
    "projected_stockout": RuleSettings(warning=0, critical=14, classes={"A": Levels(critical=7)}),
    # share of the safety stock that is missing
    "below_safety": RuleSettings(info=0, warning=0.5),
    # share of the reorder point that the position lacks
    "below_reorder": RuleSettings(info=0),
    # share of what is on hand that nobody will need
    "overstock": RuleSettings(info=0.2, warning=0.5),
    # share of a warehouse's capacity that is full
    "capacity": RuleSettings(warning=0.85, critical=1),
    # days without demand; whether an item is slow, stagnant or dead is decided under [deadstock]
    "slow": RuleSettings(info=0),
    "stagnant": RuleSettings(warning=0),
    "dead": RuleSettings(warning=0, critical=365),
    # days to the first expiry of what will not sell in time
    "expiring": RuleSettings(info=90, warning=30, critical=0),
    # days that the book has been below zero
    "negative_stock": RuleSettings(warning=1, critical=7),
    # days after the promise
    "late_order": RuleSettings(warning=1, critical=7),
    # share of order lines that came in full and on time
    "supplier_late": RuleSettings(warning=0.8, critical=0.5),
    # change of the purchase price, up or down
    "price_jump": RuleSettings(warning=0.1, critical=0.3),
    # forecast less demand as a share of demand, too much or too little
    "forecast_bias": RuleSettings(warning=0.3, critical=0.6),
    # turnover as a share of its target
    "turnover_below_target": RuleSettings(warning=0.85, critical=0.6),
    # what a count found missing or too much, as a share of book or count, whichever is larger
    "reconcile_difference": RuleSettings(info=0, warning=0.05, critical=0.2),
    # sales that the days without one would have brought
    "phantom_stock": RuleSettings(warning=0),
    # share of a file's rows that were refused; a file that could not be read counts as 1
    "data_quality": RuleSettings(info=0, warning=0.01, critical=0.1),
}
"""Every rule with its levels: the figure each is measured by is said above it, and in docs/alerts.md."""


class MailSettings(Section):
    """Section ``[alerts.mail]``: the password stands in the environment (STOCKTURN_SMTP_PASSWORD), never here."""

    host: str = Field("", description="SMTP server; no mail is sent without one")
    port: int = Field(587, gt=0, lt=65_536, description="port of the server")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="starttls (port 587), tls from the first byte (port 465), or none (inside a machine)",
    )
    ca_file: str | None = Field(
        None,
        description="PEM file of the authority that signed the server's certificate, where it is your own",
    )
    user: str = Field("", description="name to log in with; nobody logs in without one")
    sender: str = Field(
        "", description="address that the mail comes from, or NAME <ADDRESS>; the user when left out"
    )
    to: tuple[str, ...] = Field((), description="addresses that get every alert")
    owners: dict[str, str] = Field(
        default_factory=dict, description="owner = the address that gets the alerts of that owner"
    )
    rows: int = Field(30, gt=0, description="most alerts in the text of a mail; the workbook has all of them")
    timeout: float = Field(30.0, gt=0, description="seconds to wait for the server")

    @field_validator("host")
    @classmethod
    def _a_host(cls, value: str) -> str:
        if any(sign.isspace() for sign in value) or (value and not all(value.rstrip(".").split("."))):
            raise ValueError("the name or number of a server, such as smtp.example.com")
        return value

    @field_validator("user")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("one line of text")
        return value

    @field_validator("sender")
    @classmethod
    def _a_sender(cls, value: str) -> str:
        if value:
            _one_address(value)
        return value

    @field_validator("to")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(one) for one in value)

    @field_validator("owners")
    @classmethod
    def _owner_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: _address(one) for name, one in value.items()}


def _one_address(text: str) -> None:
    """An address, alone or after a name: ``Stock <robot@example.com>``."""
    name, bracket, rest = text.rpartition("<")
    _address(rest.removesuffix(">") if bracket else text)
    if not name.isprintable() or (bracket and not rest.endswith(">")):
        raise ValueError(f"not a mail address: {text!r}")


def _address(text: str) -> str:
    if "@" not in text.strip("@") or not text.isprintable() or any(sign in text for sign in " ,;<>"):
        raise ValueError(f"not a mail address: {text!r}")
    return text


class AlertSettings(Section):
    """Section ``[alerts]``."""

    rules: dict[str, RuleSettings] = Field(
        default_factory=dict, description="rule = its levels, thresholds by class or category, and owner"
    )
    default_owner: str = Field(
        "", description="who gets alerts of goods that have no owner or buyer; (none) when left out"
    )
    recent_days: int = Field(
        31, gt=0, description="a price change or a count difference is news for so many days"
    )
    price_days: int = Field(
        365, gt=0, description="purchases of so many days before it are what a price is compared with"
    )
    min_lines: int = Field(
        5, gt=0, description="order lines from which on a supplier's punctuality is judged"
    )
    min_periods: int = Field(3, gt=0, description="past forecasts from which on their bias is judged")
    bias_days: int = Field(
        30, gt=0, description="the money in a forecast's bias is that of so many days of demand"
    )
    spike: float = Field(
        1.5, gt=1, description="demand of the last weeks above so many times the longer mean is a spike"
    )
    drop: float = Field(
        0.5, gt=0, lt=1, description="demand of the last weeks below this share of the longer mean is a drop"
    )
    over_suggestion: float = Field(
        1.1,
        ge=1,
        description="a receipt above so many times what was suggested when it was ordered was bought above it",
    )
    overbuy: float = Field(
        2.0,
        gt=1,
        description="the same against the need of lead time and review, where no suggestion is kept from then",
    )
    short_days: int = Field(30, gt=0, description="days of the short mean that spikes and drops are seen in")
    long_days: int = Field(365, gt=0, description="days of the long mean they are compared with")
    keep_runs: int = Field(400, gt=0, description="so many days with a run are kept in the ledger folder")
    lock_seconds: float = Field(
        60.0, ge=0, description="seconds to wait for another run that is writing to the ledger folder"
    )
    mail: MailSettings = Field(default_factory=MailSettings, description="how mail is sent, and to whom")

    @field_validator("rules", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if isinstance(value, dict) and (unknown := [name for name in value if name not in RULES]):
            raise ValueError(f"no such rule: {', '.join(map(str, unknown))}; known: {', '.join(RULES)}")
        return value

    def rule(self, name: str) -> RuleSettings:
        """The settings of a rule: what was given over the defaults."""
        given = self.rules.get(name)
        return RULES[name].over(given) if given else RULES[name]
