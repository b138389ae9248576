"""The plan: enough replicas, and sums that can be done by hand."""

import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from examples.capacity.plan import LOADS, CannotPlan, Latency, Plan, plan, read_toml, table
from examples.capacity.service import FILE, Service, shape_of

# 1,000 requests a second, 1 ms each; p99 grows by a millisecond a tenth, from 1 ms at 0.02.
SERVICE = Service(
    measured="by hand",
    in_step=1e-3,
    busy=1e-3,
    waking=0.0,
    way=0.0,
    shape=(1.0, 1.0),
    rows=((1, 1e-3), (1001, 2e-3)),
    memory_bytes=60_000_000,
)
LATENCY = Latency((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))


ROOT = Path(__file__).parent.parent.parent
README = ROOT / "examples" / "capacity" / "README.md"
CHAPTER = ROOT / "docs" / "tutorial" / "45-cost-and-scale.md"


def planned(load: float, rows: int = 1, service: Service = SERVICE, **assumed: float) -> Plan:
    prices, usual = read_toml("prices.toml"), read_toml("fleet.toml")
    wanted = {**usual, "p99_ms": 6.0, **assumed}
    return plan(load, service.of_rows(rows), LATENCY, prices, wanted, rows)


@cache
def packaged(rows: int = 1) -> tuple[Service, Latency]:
    """What service.json says, simulated as the commands do."""
    service = Service.read(FILE).of_rows(rows)
    return service, Latency.simulated(service, np.random.default_rng(1))


def needs(load: float, rows: int = 1, **changed: float) -> Plan:
    """The plan that the command prints."""
    prices, assumed = read_toml("prices.toml"), read_toml("fleet.toml")
    return plan(load, *packaged(rows), prices, {**assumed, **changed}, rows)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)


def test_replicas_keep_to_the_latency() -> None:
    """Half of the capacity keeps to 6 ms: 10,000 requests a second need 20 replicas and a spare."""
    found = planned(10_000)
    assert found.replicas == 21
    assert found.p99_ms < 6
    assert found.memory_bytes == 21 * 60_000_000


def test_costs_are_those_of_the_price_table() -> None:
    """10,000 requests a second for a month of 730 hours, by hand from prices.toml."""
    found = planned(10_000)
    assert found.machines == pytest.approx(730 * 21 * (0.02181159 + 0.00292353) / 0.9)
    gib = 26_280_000_000 * 450 / 2**30
    assert found.balancer == pytest.approx(730 * 0.025 + gib * 0.008)
    seconds = 20 * 2_628_000
    by_instance = (seconds - 240_000) * 0.000018 + (seconds / 2 - 450_000) * 0.000002
    assert found.by_instance == pytest.approx(by_instance)
    by_request = (seconds - 180_000) * 0.000024 + (seconds / 2 - 360_000) * 0.0000025
    assert found.by_request == pytest.approx(by_request + 26_278 * 0.40, rel=1e-6)


def test_cloud_run_starts_instances_by_the_core_in_use() -> None:
    """By hand: waking takes 1.5 ms more, so a core in use for 60 % does 37.5 % of its capacity.

    0.375 * 2.5 / (1 + 0.375 * 1.5) is 0.6. At 375 requests a second each, 3,700 need 10 instances,
    where machines that are asked for half of their capacity need 8 and a spare one.
    """
    service = replace(SERVICE, waking=1.5e-3)
    assert service.in_use(0.375) == pytest.approx(0.6)
    assert service.share_at(0.6) == pytest.approx(0.375)
    found = planned(3700, service=service)
    assert (found.instances, found.replicas) == (10, 9)
    assert found.by_instance == pytest.approx(468.72 + 25.38)
    assert found.by_request == pytest.approx(626.4 + 31.95 + 3888.64, abs=0.01)


def test_cloud_run_told_another_aim_has_other_instances() -> None:
    """With nothing to wake, use and share are the same: 300 or 500 requests a second each."""
    assert planned(2900, cloud_run_in_use=0.3).instances == 10
    assert planned(2900, cloud_run_in_use=0.5).instances == 6


def test_cloud_run_keeps_to_the_latency_too() -> None:
    """3 ms allow 200 requests a second each, half of the capacity in use or not."""
    assert planned(2900, p99_ms=3.0).instances == 15


def test_a_flower_an_hour_is_free_by_request() -> None:
    """What is below the free allowance costs nothing."""
    assert planned(1 / 3600).by_request == 0


def test_more_load_costs_no_less() -> None:
    """Replicas, memory and every price rise with the load."""
    plans = [planned(load) for load in LOADS]
    for column in zip(*(row[1:2] + row[3:] for row in plans), strict=True):
        assert list(column) == sorted(column)


def test_latency_that_cannot_be_had_is_said() -> None:
    """Even alone a request takes 1 ms."""
    with pytest.raises(CannotPlan, match="no replica answers 99 % within 0.5 ms"):
        planned(10, p99_ms=0.5)


def test_a_shorter_latency_takes_more_replicas() -> None:
    """The same load within 3 ms and within 9 ms."""
    assert planned(10_000, p99_ms=3.0).replicas > planned(10_000, p99_ms=9.0).replicas


def test_no_replica_is_asked_for_more_than_is_sensible() -> None:
    """However quick it still were: a third of its capacity means three times the replicas."""
    assert planned(10_000, p99_ms=11.0, most_share=0.25).replicas == 41


def test_flowers_that_share_a_request_take_fewer_replicas() -> None:
    """501 rows take 1.5 ms instead of 501: 5,010 a second are ten requests for one replica."""
    assert SERVICE.of_rows(1) == SERVICE
    assert SERVICE.of_rows(501).busy == pytest.approx(1.5e-3)
    assert planned(5010).replicas == 12
    assert planned(10, 501).replicas == 2


def test_a_balancer_is_paid_for_each_byte_of_the_rows() -> None:
    """Of a request with 101 rows, by hand from fleet.toml."""
    gib = 26_280_000 * (450 + 100 * (18 + 107)) / 2**30
    assert planned(10, 101).balancer == pytest.approx(730 * 0.025 + gib * 0.008)


@pytest.mark.parametrize("rows", [0, 1002])
def test_rows_that_were_not_measured_are_refused(rows: int) -> None:
    """Nobody knows what they cost."""
    with pytest.raises(ValueError, match=f"1 to 1,001 were measured, not {rows:,}"):
        SERVICE.of_rows(rows)


def test_what_cannot_be_planned_is_one_line() -> None:
    """10,000 rows take longer than fleet.toml lets a request take."""
    done = run("-m", "examples.capacity.plan", "--loads", "1", "--rows", "10000")
    assert done.returncode == 1
    assert re.fullmatch(r"plan: no replica answers 99 % within 10 ms: .*\n", done.stderr)


def test_the_tutorial_has_no_prices_of_its_own() -> None:
    """Its cost.py, run as its reader runs it, comes to what the table says; the plan to no more."""
    prices = read_toml("prices.toml")["cloud_run"]["by_request"]
    for requests in (720, 2_628_000, 30_000_000):
        done = run("examples/tutorial/42-cloud-run/cost.py", str(requests))
        assert done.returncode == 0, done.stderr
        seconds = requests / 10
        worst = (
            max(0, seconds - prices["free_vcpu_seconds"]) * prices["vcpu_second"]
            + max(0, seconds / 2 - prices["free_gib_seconds"]) * prices["gib_second"]
            + max(0, requests - prices["free_requests"]) / 1e6 * prices["million_requests"]
        )
        total = float(done.stdout.split()[-1])
        assert total == pytest.approx(worst, abs=0.005)
        assert planned(requests / 2_628_000).by_request <= total + 0.005


def test_the_service_comes_back_from_its_file(tmp_path: Path) -> None:
    """What is written is what is read."""
    SERVICE.write(tmp_path / "service.json")
    assert Service.read(tmp_path / "service.json") == SERVICE
    assert SERVICE.row_seconds() == pytest.approx(1e-6)


def test_service_times_have_mean_and_shape() -> None:
    """Quantiles of measured times give times with the same mean and the same percentiles."""
    rng = np.random.default_rng(2)
    measured = rng.gamma(4, 1e-4, 20_000)
    service = replace(SERVICE, busy=float(measured.mean()), shape=shape_of(measured))
    times = service.times(100_000, rng)
    assert times.mean() == pytest.approx(measured.mean(), rel=0.02)
    assert np.quantile(times, 0.9) == pytest.approx(np.quantile(measured, 0.9), rel=0.03)


def test_the_packaged_measurement_makes_a_plan() -> None:
    """service.json, prices.toml and fleet.toml fit together; p99 stays within what is asked."""
    plans = [needs(load) for load in LOADS]
    assert all(row.p99_ms <= read_toml("fleet.toml")["p99_ms"] for row in plans)
    assert plans[0].replicas == 2
    assert plans[-1].replicas > 100
    assert plans[-1].instances > plans[-1].replicas


def test_the_readmes_tables_are_the_plan() -> None:
    """As its commands print them; and what it says of the third command, and of the cheaper one."""
    text = README.read_text(encoding="utf-8")
    assert table([needs(load) for load in LOADS]) in text
    assert table([needs(load) for load in (0.000278, 11574, 34722)]) in text
    assert f"plan says {needs(10_000, 100).replicas} with `--loads 10000 --rows 100`" in text
    most = needs(LOADS[-1])
    assert f"of cores, not {most.replicas}:" in " ".join(text.split())
    assert needs(10_000, 100).balancer < most.balancer / 3


def test_cloud_run_is_cheaper_for_some_thousand_requests_and_dearer_for_more() -> None:
    """Than machines, one flower a request: the README names where, and how much dearer."""
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert "up to 2,950 requests a second; up to 11,800 now" in text
    assert "beyond that it costs up to 36 % more" in text

    def dearer(load: float) -> float:
        found = needs(load)
        return found.by_instance / (found.machines + found.balancer)

    assert max(map(dearer, range(50, 2951, 100))) < 1
    assert dearer(3000) > 1 > dearer(11_800)
    beyond = [dearer(load) for load in (*range(11_850, 30_000, 350), *range(30_000, 10**6, 30_000))]
    assert min(beyond) > 1
    assert f"{max(beyond) - 1:.0%}" == "36%"


def test_the_chapters_table_is_the_plan() -> None:
    """Each row of docs/tutorial/45-cost-and-scale.md: own machines and balancer, and Cloud Run."""
    page = CHAPTER.read_text(encoding="utf-8")

    def dollars(*amounts: float) -> str:
        return f"{sum(map(round, amounts)):,}"  # as a reader adds up what is shown

    for label, flowers, rows in (
        ("1 an hour", 1 / 3600, 1),
        ("1 a second", 1, 1),
        ("100 a second", 100, 1),
        ("1,000 a second", 1000, 1),
        ("a million a second", 1e6, 1),
        ("so many, 100 a request", 1e6, 100),
    ):
        found = needs(flowers / rows, rows)
        own = dollars(found.machines, found.balancer)
        cloud_run = dollars(min(found.by_instance, found.by_request))
        instances = "0 to 1" if label == "1 an hour" else found.instances  # scaled to zero
        row = f"| {label} | {found.replicas} | {own} | {instances} | {cloud_run} |"
        assert row in page
    busy, mean = needs(34_722), needs(11_574)
    cloud_run = f"{dollars(mean.by_instance)} to {dollars(busy.by_instance)}"
    own = dollars(busy.machines, mean.balancer)
    instances = f"{mean.instances} to {busy.instances}"
    replicas = f"{mean.replicas} to {busy.replicas}"
    assert f"| a billion a day | {replicas} | {own} | {instances} | {cloud_run} |" in page
    terse = needs(10_000, 100, row_reply_bytes=2).balancer
    assert f"the balancer falls to {dollars(terse)} dollars" in page
    at_85 = needs(1e6, cloud_run_in_use=0.85)
    assert f"{at_85.instances} instances do it for {dollars(at_85.by_instance)} dollars" in page


def test_the_chapters_conclusions_follow_from_its_table() -> None:
    """Which is cheaper: own machines at a million a second, unless Cloud Run is kept as busy."""
    few, many, shared = needs(100), needs(1e6), needs(10_000, 100)
    for row in (few, shared):
        assert min(row.by_instance, row.by_request) < 0.8 * (row.machines + row.balancer)
    assert many.by_instance > many.machines + many.balancer
    assert needs(1e6, cloud_run_in_use=0.85).by_instance < many.machines + many.balancer
    assert 1.8 < many.instances / many.replicas < 2  # "nearly twice the replicas"


def test_pages_say_what_a_core_in_use_does_of_its_capacity() -> None:
    """60, 75 and 85 % in use, in the chapter and the README."""
    service = Service.read(FILE)
    shares = {use: f"{service.share_at(use / 100):.0%}".replace("%", " %") for use in (60, 75, 85)}
    assert shares == {60: "37 %", 75: "54 %", 85: "69 %"}
    each = f"{service.share_at(0.60) * service.capacity:,.0f}"
    chapter, readme = (" ".join(p.read_text(encoding="utf-8").split()) for p in (CHAPTER, README))
    assert "act at 60 % in use, 37 % of the capacity" in chapter
    assert "75 % is 54 % of the capacity, and 85 % is 69 %" in chapter
    assert f"one for every {each} flowers a second" in chapter
    assert f"60 % in use does 37 % of its capacity, {each} requests a second" in readme
    assert "75 % in use is 54 %, and 85 % is 69 %" in readme


@pytest.mark.parametrize("name", ["compute_engine", "kubernetes_engine", "load_balancing"])
def test_prices_name_their_source_and_date(name: str) -> None:
    """A price without a source and a day is none."""
    assert_sourced(read_toml("prices.toml")[name])


@pytest.mark.parametrize("name", ["by_instance", "by_request"])
def test_prices_of_cloud_run_do_too(name: str) -> None:
    assert_sourced(read_toml("prices.toml")["cloud_run"][name])


def assert_sourced(prices: dict[str, object]) -> None:
    assert str(prices["source"]).startswith("https://cloud.google.com/")
    assert str(prices["date"]).startswith("2026-")
    assert prices["note"]
