"""serve_spark.py <jars>: serves Spark to the tests: a request a line in, an answer a line out, JSON.

A request names what to `do`, the table's `path`, and what the function of that name takes. The
answer is `{"ok": …}`, or `{"error": …}` with the deepest cause of what Spark said.
"""

import glob
import json
import os
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
time.tzset()
sys.path.append(os.path.join(os.path.dirname(__file__), "..", "interop"))

import stream_queries
from canonical_rows import digest
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

ANSWERS = os.fdopen(os.dup(1), "w")
# Whatever Spark prints is no answer.
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def start(jars):
    names = (
        "delta-spark", "delta-storage", "delta-kernel",
        "spark-sql-kafka", "spark-token-provider-kafka", "kafka-clients", "commons-pool2",
    )
    needed = [jar for jar in glob.glob(f"{jars}/*.jar") if os.path.basename(jar).startswith(names)]
    settings = {
        "spark.jars": ",".join(needed),
        "spark.default.parallelism": "1",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": (
            "-Duser.timezone=UTC -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
        ),
        "spark.log.level": "ERROR",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        # By default VACUUM runs thousands of tasks.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        # Columns of streams that always have a value keep it.
        "spark.sql.streaming.fileSource.schema.forceNullable": "false",
        "spark.sql.warehouse.dir": f"{tempfile.gettempdir()}/spark-warehouse",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
        "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.appName("interop").master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


spark = start(sys.argv[1])
spark.sparkContext.setLogLevel("OFF")


def load(path, version=None):
    # Another process wrote meanwhile: what Spark remembers of the table is old.
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(path)


def read(engine, path, version=None):
    """What Spark finds in a version of a table, the newest by default."""
    return digest_of(load(path, version))


def digest_of(rows):
    table = stream_queries.to_arrow(rows)
    return {"rows": table.num_rows, "digest": digest(table)}


def sql(path, statement):
    """Runs a statement in which {t} stands for the table; returns its rows as text."""
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    rows = spark.sql(statement.replace("{t}", f"delta.`{path}`")).collect()
    return [[str(value) for value in row] for row in rows]


def changes(path, first, last):
    """The change data feed without its times."""
    feed = (
        spark.read.format("delta").option("readChangeFeed", "true")
        .option("startingVersion", first).option("endingVersion", last).load(path)
        .drop("_commit_timestamp")
    )
    return digest_of(feed)


def copies(path, ids, add_to_id):
    """The rows of these ids, under ids that are higher by `add_to_id`."""
    rows = load(path).where(f.col("id").isin(ids))
    return rows.withColumn("id", f.col("id") + f.lit(add_to_id).cast(rows.schema["id"].dataType))


def append(path, ids, add_to_id):
    """Appends copies of rows."""
    copies(path, ids, add_to_id).write.format("delta").mode("append").save(path)


def merge(path, ids, add_to_id):
    """Merges copies of rows: there already or new, by id."""
    copies(path, ids, add_to_id).createOrReplaceTempView("source")
    sql(path, "MERGE INTO {t} AS t USING source AS s ON t.id = s.id "
              "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")


def delete(path, where):
    sql(path, f"DELETE FROM {{t}} WHERE {where}")


def update(path, set, where):
    pairs = ", ".join(f"{name} = {value}" for name, value in set.items())
    sql(path, f"UPDATE {{t}} SET {pairs} WHERE {where}")


def optimize(path):
    sql(path, "OPTIMIZE {t}")


def z_order(path, columns):
    sql(path, f"OPTIMIZE {{t}} ZORDER BY ({', '.join(columns)})")


def checkpoint(path):
    log = spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, path)
    log.checkpoint()


def restore(path, version):
    sql(path, f"RESTORE TABLE {{t}} TO VERSION AS OF {version}")


def vacuum(path):
    """Removes every file that the newest version does not need."""
    sql(path, "VACUUM {t} RETAIN 0 HOURS")


def run_query(**request):
    return stream_queries.run_query(spark, **request)


def copy_topic(path, **request):
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    stream_queries.copy_topic(spark, path=path, **request)


def root_cause(error):
    cause = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    text = f"{type(error).__name__}: {error}"
    while cause is not None:
        text = f"{cause.getClass().getSimpleName()}: {cause.getMessage()}"
        cause = cause.getCause()
    return text.partition("\n")[0]


OPERATIONS = [
    read, sql, changes, append, merge, delete, update, optimize, z_order, checkpoint, restore, vacuum,
    run_query, copy_topic,
]


def serve():
    functions = {function.__name__: function for function in OPERATIONS}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": functions[request.pop("do")](**request)}
        except Exception as error:
            answer = {"error": root_cause(error)}
        print(json.dumps(answer), file=ANSWERS, flush=True)


serve()
