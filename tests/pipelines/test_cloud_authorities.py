"""One authority for one account and month: a second report of the same bill is refused by name and counts nothing,
whichever came first and however it spells the issuer; once the first is withdrawn, the other may speak.

What commitments cost over their term and in a month is compared in `test_demo_equals_the_truth`.
"""

import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import AuthorityError
from pipelines.booking import withdraw
from pipelines.home import Home
from tests.pipelines.cloud_bills import FOCUS_BILL, PERIOD, Bills, charges, load, opened, write_configuration

if TYPE_CHECKING:
    from tests.emulators.servers import Moto

PAYER, ENROLMENT = "104700000001", "8104711"
AMAZON = ("Amazon Web Services EMEA SARL", "Amazon Web Services, Inc.")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Bills:
    """The three clouds' files, whole; each test has a home of its own."""
    folder = tmp_path_factory.mktemp("authorities")
    made = Bills(folder / "bills", Home.at(folder / "home"))
    for cloud in ("aws", "azure"):
        made.lay(cloud, "first")
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def source(name: str, connector: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "connector": connector, "start": PERIOD, "options": options}


def cur(bills: Bills) -> dict[str, Any]:
    return source("cur", "aws", report="cur2", path=str(bills.folder / "aws" / "meridian-cur2"))


def focus_bill(folder: Path, issuer: str, account: str = PAYER) -> dict[str, Any]:
    """The payer's month as another export of FOCUS files: one charge of 7 dollars."""
    folder.mkdir()
    text = FOCUS_BILL.format(cost=7, account=account, issuer=f'"{issuer}"')
    (folder / "bill.csv").write_text(text, encoding="utf-8")
    return source("files", "focus-files", path=str(folder))


def azure_report(bills: Bills, report: str) -> dict[str, Any]:
    return source(report, "azure", report=report, path=str(bills.folder / "azure" / report))


def billed(home: Home, name: str) -> Decimal:
    return charges(home, name)["BilledCost"].sum()


def assert_one_speaks(home: Home, first: str, second: str, account: str) -> None:
    """Both are loaded: the first stands, the second is refused, and after a withdrawal it is the other way round."""
    assert load(home, first).failures == []
    money, report = billed(home, first), load(home, second)

    (refused,) = report.failures
    assert type(refused) is AuthorityError
    assert (refused.source, refused.window) == (second, PERIOD)
    assert f"{second} and {first} both say they know the money of" in refused.what
    assert f"{account} in {PERIOD}" in refused.what
    assert f"`outlay withdraw {first}`" in refused.remedy
    assert report.outcomes == []
    assert charges(home, second).is_empty()
    assert billed(home, first) == money != 0

    with opened(home) as work:
        assert withdraw(work, first, None, "the other report is the better one") == 1
    assert load(home, second).failures == []
    assert billed(home, second) != 0
    assert charges(home, first).is_empty()
    (refused,) = load(home, first).failures
    assert f"{first} and {second} both say" in refused.what


@pytest.mark.parametrize("issuer", AMAZON)
def test_an_export_and_focus_files_of_one_payer(bills: Bills, home: Home, tmp_path: Path, issuer: str) -> None:
    """The export's bill is issued by Amazon Web Services, Inc.; a FOCUS export may name another company of theirs."""
    write_configuration(home, [cur(bills), focus_bill(tmp_path / "files", issuer)])
    assert_one_speaks(home, "cur", "files", PAYER)


def test_whichever_came_first_stands(bills: Bills, home: Home, tmp_path: Path) -> None:
    write_configuration(home, [focus_bill(tmp_path / "files", AMAZON[0]), cur(bills)])
    assert_one_speaks(home, "files", "cur", PAYER)


def test_another_payer_and_another_month_are_no_second_authority(bills: Bills, home: Home, tmp_path: Path) -> None:
    other = focus_bill(tmp_path / "files", AMAZON[1], account="104700000777")
    write_configuration(home, [cur(bills), other])
    assert load(home).failures == []
    assert billed(home, "files") == 7
    assert billed(home, "cur") == bills.truth["aws", "first"]


def test_an_actual_and_an_amortized_report_as_two_sources(bills: Bills, home: Home) -> None:
    """Each holds the usage: together they would bill it twice. One source with both reports is the way."""
    write_configuration(home, [azure_report(bills, "actual"), azure_report(bills, "amortized")])
    assert_one_speaks(home, "actual", "amortized", ENROLMENT)


def test_a_cost_report_and_focus_files_of_one_enrolment(bills: Bills, home: Home, tmp_path: Path) -> None:
    """Cost reports write the enrolment's number, FOCUS exports its whole path."""
    path = f"/providers/Microsoft.Billing/billingAccounts/{ENROLMENT}"
    write_configuration(home, [azure_report(bills, "actual"), focus_bill(tmp_path / "files", "Microsoft", path)])
    assert_one_speaks(home, "actual", "files", path)


def test_two_copies_of_one_export(bills: Bills, home: Home, tmp_path: Path) -> None:
    """The same files under another address, such as a bucket that is replicated."""
    copy = shutil.copytree(bills.folder / "aws" / "meridian-cur2", tmp_path / "meridian-cur2")
    write_configuration(home, [cur(bills), source("copy", "aws", report="cur2", path=str(copy))])
    assert_one_speaks(home, "cur", "copy", PAYER)


def day_of_cost_explorer(group: tuple[str, str], cost: str) -> dict[str, Any]:
    metrics = {"UnblendedCost": {"Amount": cost, "Unit": "USD"}, "UsageQuantity": {"Amount": "1", "Unit": "Hrs"}}
    return {
        "TimePeriod": {"Start": "2026-11-01", "End": "2026-11-02"},
        "Total": {},
        "Groups": [{"Keys": list(group), "Metrics": metrics}],
        "Estimated": False,
    }


@pytest.mark.emulator
def test_an_export_and_cost_explorer(
    bills: Bills, home: Home, moto_server: "Moto", monkeypatch: pytest.MonkeyPatch
) -> None:
    moto_server.reset()
    pages = [
        {
            "ResultsByTime": [
                day_of_cost_explorer(("Amazon Elastic Compute Cloud - Compute", "BoxUsage:m7i.2xlarge"), "9.7")
            ]
        },
        {"ResultsByTime": [day_of_cost_explorer(("Tax", "Amazon Bedrock"), "0.3")]},
    ]
    # asked by the second source when it is refused and kept for the day
    moto_server.post("/moto-api/static/ce/cost-and-usage-results", {"results": pages, "account_id": PAYER})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_server.secret_key)
    explorer = source(
        "explorer",
        "aws",
        report="cost-explorer",
        account_id=PAYER,
        role_arn=f"arn:aws:iam::{PAYER}:role/outlay",  # whose keys are the payer's
        endpoint_url=moto_server.url,
    )
    write_configuration(home, [cur(bills), explorer])

    assert_one_speaks(home, "cur", "explorer", PAYER)
    assert billed(home, "explorer") == 10
