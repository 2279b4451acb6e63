"""Asks Spark for the type and the values of many expressions and prints them as JSON.

    python make_spark_answers.py > spark_answers.json && deno fmt spark_answers.json

It was made with pyspark 4.2.0.

The test spark_answers_test.ts then holds lib/sql to them. Values are texts: numbers in digits,
times in microseconds, dates in days since 1970-01-01, bytes in hex.
"""
import datetime
import decimal
import json
import os
import time

os.environ["TZ"] = "UTC"
time.tzset()

from pyspark.sql import SparkSession  # noqa: E402

COLUMNS = {
    "tiny": "tinyint",
    "small": "smallint",
    "n": "int",
    "m": "int",
    "big": "bigint",
    "f": "float",
    "d": "double",
    "price": "decimal(18,8)",
    "huge": "decimal(38,10)",
    "text": "string",
    "other": "string",
    "flag": "boolean",
    "day": "date",
    "at": "timestamp",
    "wall": "timestamp_ntz",
    "bytes": "binary",
}
ROWS = [
    "1Y, 2S, 3, -4, 9007199254740993L, 1.5F, 2.25D, 10.5, 1234567890123456789012345678.0123456789,"
    "'BTCUSDT', 'btc', true, DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.999999',"
    "TIMESTAMP_NTZ '2024-02-29 01:02:03.4', X'00ff'",
    "-128Y, -32768S, -7, 3, -9007199254740993L, 0.1F, 0.1D, -0.00000001, -0.0000000001,"
    "'', 'a%b_c', false, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.5',"
    "TIMESTAMP_NTZ '1900-01-01 00:00:00', X''",
    "127Y, 32767S, 2147483647, 1, 9223372036854775807L, CAST('NaN' AS FLOAT), CAST('NaN' AS DOUBLE),"
    "9999999999.99999999, 0, '\U0001F600x', '\uFF5Ex', NULL, DATE '9999-12-31',"
    "TIMESTAMP '2000-01-01 00:00:00', TIMESTAMP_NTZ '2000-12-31 12:30:00', X'ff'",
    "0Y, 0S, 0, 0, 0L, -0.0F, -0.0D, 0, 1, '  12 ', '12', true, DATE '2024-03-31',"
    "TIMESTAMP '2024-03-31 12:00:00', TIMESTAMP_NTZ '2024-03-31 12:00:00', X'3132'",
    ", ".join(["NULL"] * 16),
    "5Y, 6S, 100, 7, 1000000007L, 3.25F, CAST('-Infinity' AS DOUBLE), 2.5, 2.5, 'a%b_c', 'A%',"
    "false, DATE '2023-01-01', TIMESTAMP '2023-01-01 06:07:08.123', "
    "TIMESTAMP_NTZ '2023-01-01 06:07:08.123', X'00ff00'",
]

EXPRESSIONS = r"""
n + m
n - m
n * 2L
n / m
n / NULLIF(m, 0)
n % NULLIF(m, 0)
n DIV NULLIF(m, 0)
n + 1
tiny + tiny
tiny + 1Y
tiny + small
small * 1
n + 2147483647L
big + 1
big - 1L
-big
-n
-price
-text
f + f
f + n
f * 2
f + d
d * 2
d / 0
d / NULLIF(n, 0)
d % 2
f / 2
n / 2
n / 2.0
price + 1
price + n
price + big
price - 0.5
price * price
price * 1.1
price / 3
price / 3.00
price % 3
price + d
price * n
huge + 1
huge / 7
huge * 2
huge - price
huge % 10
1 + 1.5
1L + 1.5
1.5 * 1.25
10 / 4
10 DIV 4
-7 DIV 2
-7 % 3
7.5 % 2
-7.5 % 2
1 / 3.0
1.0 / 3
123456789012345678901234567890 + 1
99999999999999999999999999999999999999 * 10
1e3
1e-3 + 0.1
1.5D + 1.5
2147483648
-2147483648
-9223372036854775808
9223372036854775807 + 1
9223372036854775808
.5
5.
1.5BD
'1' + 1
'1.5' + 1
'1.5' + 1.5
text + 1
n = 3
n = 3.0
n = 3.5
n <> 3
n < 3.5
n >= 2147483647
big = 9007199254740993
big = 9007199254740992
big = 9007199254740993.0
big = 9007199254740992D
big > 9007199254740992
big > 9.007199254740992e15
big <= 9007199254740992.5
price = 10.5
price > 10
price < 10.500000001
price = 10.5D
huge = 1234567890123456789012345678.0123456789
huge > 1234567890123456789012345678
huge < 0
huge = -0.0000000001
huge < price
d = d
d > 2
d >= CAST('NaN' AS DOUBLE)
d < 0
d = 0
d = 0.1
f = 0.1
f = 0.1F
f > 1
f < d
text = ''
text < other
text < 'a'
text > 'B'
text >= '😀'
text > '～'
text = 12
text <=> NULL
n <=> 3
n <=> m
n IS DISTINCT FROM m
n IS NOT DISTINCT FROM NULL
bytes = X'00ff'
bytes < X'01'
bytes > X'00ff'
flag = true
flag > false
flag AND n > 0
flag OR n > 0
NOT flag
! flag
flag AND NULL
flag OR NULL
NULL AND FALSE
NULL OR TRUE
NOT NULL
flag IS TRUE
flag IS NOT TRUE
flag IS FALSE
flag IS NOT FALSE
n IS NULL
n IS NOT NULL
(n = 3) IS NULL
n = 3 IS NULL
n BETWEEN 0 AND 3
n NOT BETWEEN 0 AND 3
n BETWEEN 0.5 AND 100
text BETWEEN 'A' AND 'C'
n IN (1, 3, 100)
n IN (1, 3, NULL)
n NOT IN (1, 3)
n NOT IN (1, NULL)
n IN (3.0, 100.5)
big IN (0, 9007199254740993)
price IN (10.5, 2.5)
price IN (10, 2.5D)
text IN ('BTCUSDT', '')
text IN ('12', NULL)
d IN (CAST('NaN' AS DOUBLE), 0)
text LIKE 'BTC%'
text LIKE '%USD_'
text LIKE '_x'
text LIKE ''
text LIKE '%'
text LIKE 'a\%b\_c'
text LIKE 'a!%b!_c' ESCAPE '!'
text LIKE other
text NOT LIKE '%T%'
text RLIKE '^[A-Z]+$'
text RLIKE 'b.c'
other RLIKE r'^\d+$'
'a\\b'
'it''s'
'it\'s'
"double"
'tab\tnew\nline'
'\u00e9\101'
r'\d'
text || '-' || n
text || NULL
concat(text, n, flag, day)
length(text)
length(bytes)
char_length('😀x')
lower(text)
upper(other)
trim(text)
ltrim(text)
rtrim(text)
substring(text, 2)
substring(text, 2, 3)
substring(text, -3)
substring(text, -3, 2)
substring(text, 0, 2)
substring('abc', -5, 4)
substr('😀bc', 2, 1)
startswith(text, 'BTC')
endswith(text, 'c')
contains(text, 'b_')
abs(n)
abs(price)
abs(d)
mod(n, 5)
pmod(n, 5)
pmod(-7, -3)
pmod(-7.5, 2)
pmod(d, 2)
floor(d / 2)
floor(price)
floor(n)
floor(-1.5)
ceil(price)
ceil(2.25D)
ceil(-1.5)
ceil(n)
round(price)
round(price, 2)
round(2.5)
round(-2.5)
round(2.5D)
round(0.125D, 2)
round(1234, -2)
round(1250, -2)
round(12345.678, -2)
round(big, -3)
isnan(d)
isnan(n)
greatest(n, m)
greatest(n, m, 5L)
greatest(d, f)
least(n, price)
least(text, other)
isnull(n)
isnotnull(n)
coalesce(n, m, 1)
coalesce(n, 1.5)
coalesce(NULL, text, 'x')
nvl(n, 0)
ifnull(price, 0)
nullif(n, 3)
nullif(text, '')
if(flag, n, m)
if(flag, n, 1.5)
if(NULL, 1, 2)
CASE WHEN n > 0 THEN 'up' WHEN n < 0 THEN 'down' END
CASE n WHEN 3 THEN 'three' WHEN NULL THEN 'null' ELSE 'else' END
CASE WHEN m <> 0 THEN n / m ELSE 0 END
CASE WHEN n > 0 THEN 1 ELSE 2.5 END
m <> 0 AND n / m > 1
m = 0 OR n / m > 1
CAST(n AS bigint)
CAST(n AS tinyint)
CAST(d AS int)
CAST(2.9 AS int)
CAST(-2.9 AS int)
CAST(-2.9D AS int)
CAST(1e10 AS int)
CAST(n AS double)
CAST(big AS double)
CAST(price AS decimal(10,2))
CAST(1.005 AS decimal(10,2))
CAST(-1.005 AS decimal(10,2))
CAST(123.456 AS decimal(4,2))
CAST(0.1D AS decimal(20,18))
CAST(1.23456789e5 AS decimal(10,2))
CAST(price AS string)
CAST(d AS string)
CAST(f AS string)
CAST(1e7 AS string)
CAST(1.5e-5 AS string)
CAST(123456.789D AS string)
CAST(big AS string)
CAST(flag AS string)
CAST(day AS string)
CAST(at AS string)
CAST(wall AS string)
CAST('  12 ' AS int)
CAST('1.5' AS int)
CAST('1e3' AS double)
CAST('1e3' AS decimal(10,2))
CAST('x' AS int)
CAST('128' AS tinyint)
CAST('Infinity' AS double)
CAST('yes' AS boolean)
CAST('maybe' AS boolean)
CAST(n AS boolean)
CAST(flag AS int)
CAST(flag AS decimal(3,1))
CAST('2024-02-29' AS date)
CAST('2024-2-9' AS date)
CAST('2024' AS date)
CAST('2024-02-30' AS date)
CAST('2024-02-29T01:02:03Z' AS date)
CAST('2024-02-29 01:02:03.123456789+01:30' AS timestamp)
CAST('2024-02-29T01:02' AS timestamp)
CAST('2024-02-29' AS timestamp)
CAST('2024-02-29 1:2:3' AS timestamp_ntz)
CAST(day AS timestamp)
CAST(at AS date)
CAST(at AS bigint)
CAST(at AS double)
CAST(1.5 AS timestamp)
CAST(1700000000L AS timestamp)
CAST(at AS timestamp_ntz)
CAST(wall AS timestamp)
CAST(bytes AS string)
TRY_CAST(text AS int)
TRY_CAST(n AS tinyint)
TRY_CAST('2024-02-30' AS date)
n::string
'12'::int + 1
-1::string
day = '2024-02-29'
day > DATE '2024-01-01'
day < at
at >= '2024-02-29'
at > TIMESTAMP '2024-02-29 23:59:59.999998'
at > DATE '2024-01-01'
wall < at
wall = '2024-02-29 01:02:03.4'
at BETWEEN '2023-01-01' AND '2023-12-31'
day IN ('2024-02-29', '2023-01-01')
DATE '2024-01-31' + INTERVAL 1 MONTH
DATE '2024-02-29' + INTERVAL 1 YEAR
DATE '2024-03-31' - INTERVAL '1' MONTH
DATE '2024-01-01' + INTERVAL 3 DAYS
DATE '2024-01-01' + INTERVAL 2 HOURS
at + INTERVAL 2 HOURS
at - INTERVAL '1 day 2 hours'
at + INTERVAL 1 WEEK
wall + INTERVAL 90 MINUTES
INTERVAL 3 SECONDS + at
DATE '2024-01-01' + 3
DATE '2024-01-01' - 3
DATE '2024-03-01' - 1
year(day)
year(at)
year('2024-05-06')
month(day)
day(day)
dayofmonth(at)
dayofweek(day)
dayofyear(day)
quarter(day)
hour(at)
minute(at)
second(at)
hour(wall)
date_add(DATE '2024-02-28', 2)
date_sub(day, 1)
datediff(DATE '2024-03-01', DATE '2024-02-01')
datediff(at, DATE '2024-02-01')
add_months(DATE '2024-01-31', 1)
date_trunc('HOUR', at)
date_trunc('day', at)
date_trunc('WEEK', at)
date_trunc('month', at)
date_trunc('QUARTER', at)
date_trunc('year', at)
date_trunc('minute', wall)
trunc(day, 'MM')
trunc(day, 'year')
to_date('2024-02-29')
to_date(at)
date_format(at, 'yyyy-MM-dd')
date_format(at, 'yyyyMMdd HH:mm:ss.SSS')
date_format(day, 'EEE, d MMM yy')
date_format(at, "hh 'o''clock' a")
date_format(at, 'yyyy-MM-dd-HH')
X'00FF'
X'F'
1Y
100S
1.5F
TRUE
DATE '2024'
TIMESTAMP '2024-01-01'
TIMESTAMP '2024-01-01T00:00:00+02:00'
TIMESTAMP_NTZ '2024-01-01 12:00:00'
1 + 2 * 3 - 4
(1 + 2) * 3
2 - 1 - 1
NOT 1 = 2
NOT 1 = 2 AND FALSE
1 = 1 OR 1 = 1 AND 1 = 2
- - 3
+3
-(-2147483648)
CAST(-2147483648 AS int) - 1
127Y + 1Y
abs(-128Y)
text > n
flag + 1
n AND TRUE
n LIKE '3%'
length(n)
upper(n)
n = 'x'
unknown_function(n)
nope
substring(text)
CAST(flag AS date)
coalesce(n, text)
n + day
""".strip().split("\n")


def canonical(value, type_=None):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, decimal.Decimal):
        # Spark hands 0.00000001 over as 1.0E-8, with a digit too many.
        return format(value, f".{type_.scale}f")
    if isinstance(value, datetime.datetime):
        utc = value.replace(tzinfo=datetime.timezone.utc)
        past = utc - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return str((past.days * 86400 + past.seconds) * 1000000 + past.microseconds)
    if isinstance(value, datetime.date):
        return str((value - datetime.date(1970, 1, 1)).days)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return repr(value)


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    names = ", ".join(COLUMNS)
    casts = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in COLUMNS.items())
    rows = ", ".join(f"({row})" for row in ROWS)
    frame = spark.sql(f"SELECT {casts} FROM VALUES {rows} AS t({names})").coalesce(1)
    types = [field.dataType for field in frame.schema]
    data = [[canonical(value, types[i]) for i, value in enumerate(row)] for row in frame.collect()]
    # A table and not a query, so that Spark does not fold the rows into the expressions.
    frame.localCheckpoint().createOrReplaceTempView("t")
    answers = []
    for sql in EXPRESSIONS:
        answer = {"sql": sql}
        try:
            result = spark.sql(f"SELECT {sql} AS x FROM t")
            type_ = result.schema[0].dataType
            answer["type"] = type_.simpleString()
        except Exception:
            answers.append({**answer, "error": "BAD_EXPRESSION"})
            continue
        try:
            answer["values"] = [canonical(row[0], type_) for row in result.collect()]
        except Exception:
            answer["error"] = "BAD_VALUE"
        answers.append(answer)
    lines = ",\n    ".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
    rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in data)
    print(f'{{\n  "spark": "{spark.version}",\n  "columns": {json.dumps(COLUMNS)},')
    print(f'  "rows": [\n    {rows}\n  ],\n  "answers": [\n    {lines}\n  ]\n}}')


if __name__ == "__main__":
    main()
