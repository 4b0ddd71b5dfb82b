"""Ways to break the files of a cloud's bill, or to tell the same bill otherwise. What comes of it: the tests."""

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tests.pipelines.cloud_bills import PERIOD, Alter


def first(folder: Path, pattern: str) -> Path:
    """The file below a folder, of several the first by name."""
    return min(folder.rglob(pattern))


def newest(folder: Path, pattern: str) -> Path:
    """The same in the last of an export's runs, which have their time in their name."""
    return max(folder.rglob(pattern))


def edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def edit_parquet(path: Path, change: Callable[[Any], Any]) -> None:
    """`change` makes another Arrow table of the file's."""
    parquet.write_table(change(parquet.read_table(path)), path)


def cut(path: Path) -> None:
    """The download that ended half way."""
    body = path.read_bytes()
    path.write_bytes(body[: len(body) // 2])


# What may happen to AWS's export: two Parquet files and a manifest


def aws_manifest(change: Callable[[dict[str, Any]], Any]) -> Alter:
    return lambda folder: edit_json(first(folder, "*Manifest.json"), change)


def first_file_listed_with(**facts: int) -> Alter:
    """The manifest says more of its first file than AWS does today."""

    def change(manifest: dict[str, Any]) -> None:
        name = manifest["dataFiles"][0]
        manifest["dataFiles"][0] = {"name": name, **facts}

    return aws_manifest(change)


def every_table(change: Callable[[pa.Table], pa.Table]) -> Alter:
    """Another table in every Parquet file; AWS's manifest lists the columns that are there then."""

    def alter(folder: Path) -> None:
        for path in folder.rglob("*.parquet"):
            edit_parquet(path, change)
        for path in folder.rglob("*Manifest.json"):
            names = parquet.read_schema(first(folder, "*.parquet")).names
            columns = [{"name": name} for name in names]
            edit_json(path, lambda manifest, columns=columns: manifest.update(columns=columns))

    return alter


def with_column(name: str, make: Callable[[pa.Table], pa.Array]) -> Callable[[pa.Table], pa.Table]:
    """The table with a column replaced, or added at its end."""

    def change(table: pa.Table) -> pa.Table:
        if name not in table.column_names:
            return table.append_column(name, make(table))
        return table.set_column(table.column_names.index(name), name, make(table))

    return change


def listed(table: pa.Table) -> pa.Array:
    costs = table["line_item_unblended_cost"].to_pylist()
    return pa.array([[cost] for cost in costs], pa.list_(pa.float64()))


def damaged_inside(folder: Path) -> None:
    """Its footer is there, its pages are not."""
    path = first(folder, "*.parquet")
    body = bytearray(path.read_bytes())
    body[8 : len(body) * 3 // 4] = bytes(len(body) * 3 // 4 - 8)
    path.write_bytes(body)


def before_the_third(table: pa.Table) -> pa.Table:
    third = datetime(2026, 11, 3)  # noqa: DTZ001 - AWS tells no zone
    return table.filter(pc.less(table["line_item_usage_start_date"], pa.scalar(third, pa.timestamp("ms"))))


def two_executions(folder: Path) -> None:
    """Every run is kept, the older one told less: only the top manifest says which is the newest."""
    data, metadata = (first(folder, name).parent for name in ("*.parquet", "*Manifest.json"))
    (manifest,) = metadata.glob("*Manifest.json")
    for run in ("20261104T040000Z-aaaa", "20261106T040000Z-bbbb"):
        (data / run).mkdir()
        (metadata / run).mkdir()
        for path in data.glob("*.parquet"):
            shutil.copy(path, data / run)
            if run.endswith("aaaa"):
                edit_parquet(data / run / path.name, before_the_third)
        shutil.copy(manifest, metadata / run)
        edit_json(
            metadata / run / manifest.name,
            lambda told, run=run: told.update(
                dataFiles=[name.replace(f"{PERIOD}/", f"{PERIOD}/{run}/") for name in told["dataFiles"]]
            ),
        )
    shutil.copy(metadata / "20261106T040000Z-bbbb" / manifest.name, manifest)
    for path in data.glob("*.parquet"):
        path.unlink()


def as_text(table: pa.Table) -> pa.Array:
    return pc.cast(table["line_item_unblended_cost"], pa.string())


def colour(table: pa.Table) -> pa.Array:
    return pa.array(["red"] * table.num_rows)


def an_account_in_another_currency(table: pa.Table) -> pa.Table:
    """What an account of AWS used is billed in Swiss francs."""
    apps = pc.equal(table["line_item_usage_account_id"], "104700000013")
    return with_column(
        "line_item_currency_code", lambda table: pc.if_else(apps, "CHF", table["line_item_currency_code"])
    )(table)


# To Google's: two numbered shards in a folder of the month


def without_shard(number: int) -> Alter:
    return lambda folder: first(folder, f"*{number:012d}.parquet").unlink()


def exported_twice(folder: Path) -> None:
    for path in sorted(folder.rglob("*.parquet")):
        shutil.copy(path, path.with_name(path.name.replace("gcp_billing", "again_gcp_billing")))


def listed_with_last_shard_missing(folder: Path) -> None:
    """BigQuery lists nothing; a manifest of one's own does, and then the last shard is missed too."""
    paths = sorted(folder.rglob("*.parquet"))
    manifest = {"files": [{"name": path.name} for path in paths]}
    (paths[0].parent / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    paths[-1].unlink()


def october_inside(table: pa.Table) -> pa.Table:
    """Its first row again, billed in October."""
    row = table.slice(0, 1).to_pylist()[0]
    row["invoice"] = {**row["invoice"], "month": "202610"}
    return pa.concat_tables([table, pa.Table.from_pylist([row], schema=table.schema)])


def a_project_in_another_currency(table: pa.Table) -> pa.Table:
    assist = pc.fill_null(pc.equal(pc.struct_field(table["project"], "id"), "meridian-assist"), False)
    return with_column("currency", lambda table: pc.if_else(assist, "CHF", table["currency"]))(table)


# To Azure's: two exports, each with a folder a run that holds a gzipped CSV and its manifest


def azure_manifest(change: Callable[[dict[str, Any]], Any], report: str = "amortized") -> Alter:
    return lambda folder: edit_json(newest(folder / report, "manifest.json"), change)


def one_file_without_manifest(folder: Path) -> None:
    """The first file of a run that is still being written, alone in its folder."""
    kept = newest(folder / "amortized", "*.csv.gz")
    for path in (folder / "amortized").rglob("*"):
        if path.is_file() and path != kept:
            path.unlink()


def more_rows_in_all(manifest: dict[str, Any]) -> None:
    manifest["dataRowCount"] += 1


def more_rows_in_the_blob(manifest: dict[str, Any]) -> None:
    manifest["blobs"][0]["dataRowCount"] += 1


def edit_csv(path: Path, change: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    """`change` makes another row of each; None takes it out."""
    text = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
    rows = [changed for row in csv.DictReader(io.StringIO(text)) if (changed := change(row)) is not None]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(out.getvalue().encode()))


def every_csv(change: Callable[[dict[str, str]], dict[str, str] | None]) -> Alter:
    def alter(folder: Path) -> None:
        for path in folder.rglob("*.csv.gz"):
            edit_csv(path, change)

    return alter


def an_older_run_later(folder: Path) -> None:
    """Of both reports: submitted earlier, of fewer days, but written last and into a folder that sorts last."""
    for report in ("actual", "amortized"):
        run = newest(folder / report, "manifest.json").parent
        older = shutil.copytree(run, run.parent.with_name("202611300400") / "ffffffff")
        edit_csv(older / "part_0_0001.csv.gz", lambda row: row if row["Date"] < "11/03/2026" else None)

        def change(manifest: dict[str, Any], run: Path = run, older: Path = older) -> None:
            manifest["runInfo"].update(submittedTime="2026-11-04T04:00:00Z", runId="ffffffff")
            manifest["blobs"][0]["blobName"] = manifest["blobs"][0]["blobName"].replace(
                f"{run.parent.name}/{run.name}", f"{older.parent.name}/{older.name}"
            )
            manifest.pop("dataRowCount")
            manifest["blobs"][0].pop("dataRowCount")

        edit_json(older / "manifest.json", change)


def a_subscription_in_another_currency(row: dict[str, str]) -> dict[str, str]:
    is_care = row["SubscriptionId"].endswith("4102")
    return row | {"BillingCurrency": "CHF"} if is_care else row


def billed_in_october(row: dict[str, str]) -> dict[str, str]:
    """What care-bot's subscription used is of the month before."""
    is_care = row["SubscriptionId"].endswith("4102")
    return row | {name: october(row[name]) for name in row if "Date" in name} if is_care else row


def october(day: str) -> str:
    return day.replace("11/", "10/", 1)
