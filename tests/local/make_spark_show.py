"""Asks Spark how it shows rows with values of every type, and prints its tables as JSON.

    python make_spark_show.py > spark_show.json && deno fmt spark_show.json

It was made with pyspark 4.2.0. The test show_rows_test.ts then holds `showRows` to them, with the
same rows.
"""
import json
import os
import time

os.environ["TZ"] = "UTC"
time.tzset()

from pyspark.sql import SparkSession  # noqa: E402

COLUMNS = (
    "tiny, small, medium, large, single, double, price, text, flag, day, at, wall, bytes, tags, "
    "counts, address"
)
ROWS = [
    "(1Y, 2S, 3, 9007199254740993L, 1.5F, 2.25D, CAST(10.5 AS decimal(18,8)), 'BTCUSDT', true, "
    "DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.999999', "
    "TIMESTAMP_NTZ '2024-02-29 01:02:03.4', X'00ff', array('a', null, 'b c'), "
    "map('k', 1L, 'l', null), named_struct('x', 1, 'y', named_struct('z', null)))",
    "(-128Y, -32768S, -7, -9223372036854775808L, 0.1F, 1e7D, CAST(-0.00000001 AS decimal(18,8)), "
    "'a text of more than twenty characters', false, DATE '0001-01-01', "
    "TIMESTAMP '0001-01-01 00:00:00', TIMESTAMP_NTZ '9999-12-31 23:59:59.5', X'', array(), map(), "
    "named_struct('x', null, 'y', null))",
    "(" + ", ".join(["null"] * 16) + ")",
    "(0Y, 0S, 0, 0L, 1.0E10F, 1.0E-4D, 0, 'line\\nbreak\\ttab', true, DATE '1969-12-31', "
    "TIMESTAMP '1969-12-31 23:59:59.5', TIMESTAMP_NTZ '1900-01-01 00:00:00', X'DEADBEEF', "
    "array('x'), map('a', 1L), named_struct('x', 1, 'y', named_struct('z', 'q')))",
    "(0Y, 0S, 0, 0L, CAST('NaN' AS FLOAT), CAST('-Infinity' AS DOUBLE), 1, '日本語テキスト', true, "
    "DATE '1969-12-31', TIMESTAMP '1969-12-31 10:00:00', TIMESTAMP_NTZ '1900-01-01 00:00:00', "
    "X'00112233445566778899', array('x'), map('a', 1L), "
    "named_struct('x', 1, 'y', named_struct('z', 'q')))",
    "(0Y, 0S, 0, 0L, 3.4e38F, 1.7976931348623157e308D, 1, '', true, DATE '1969-12-31', "
    "TIMESTAMP '1969-12-31 23:59:59', TIMESTAMP_NTZ '1900-01-01 00:00:00', X'00', array('x'), "
    "map('a', 1L), named_struct('x', 1, 'y', named_struct('z', 'q')))",
    "(0Y, 0S, 0, 0L, CAST(-0.0 AS FLOAT) * -1F, 0.001D, 1, 'cr\\rand \\u0007bell', true, "
    "DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59', TIMESTAMP_NTZ '1900-01-01 00:00:00', X'00', "
    "array('x'), map('a', 1L), named_struct('x', 1, 'y', named_struct('z', 'q')))",
    "(0Y, 0S, 0, 0L, 16777216F, 9999999.999D, 1, 'plain', true, DATE '1969-12-31', "
    "TIMESTAMP '1969-12-31 23:59:59', TIMESTAMP_NTZ '1900-01-01 00:00:00', X'00', array('x'), "
    "map('a', 1L), named_struct('x', 1, 'y', named_struct('z', 'q')))",
]

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .getOrCreate()
)
rows = spark.sql(f"select * from values {', '.join(ROWS)} as t({COLUMNS})")
answers = {
    f"{num_rows} {truncate}": rows._jdf.showString(num_rows, truncate, False)
    for num_rows, truncate in [(20, 20), (2, 20), (1, 20), (20, 0), (20, 3), (0, 20)]
}
answers["empty"] = spark.sql("select 1 as id where false")._jdf.showString(20, 20, False)
print(json.dumps(answers, ensure_ascii=False, indent=2))
