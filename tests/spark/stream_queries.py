"""Runs queries over streams in Spark."""

import json

import pyspark.sql.functions as functions
from canonical_rows import text
from pyspark.sql.types import ArrayType, MapType, StructField, StructType


def run_query(spark, path, query, mode, streams, tables):
    """Runs a query on the files that are there, to its end; says what each batch was.

    The query is an expression over streams and tables, which are Parquet files in folders of their
    names below `path`; each file of a stream is a batch.
    """
    names = dict(vars(functions))
    for name, schema in streams.items():
        reader = spark.readStream.schema(schema_of(schema)).option("maxFilesPerTrigger", 1)
        names[name] = reader.parquet(f"{path}/{name}")
    for name, schema in tables.items():
        names[name] = spark.read.schema(schema_of(schema)).parquet(f"{path}/{name}")
    result = eval(f"({query})", names)
    rows = {}

    def keep(batch, batch_id):
        rows[batch_id] = row_texts(batch)

    running = (
        result.writeStream.outputMode(mode)
        .option("checkpointLocation", f"{path}/checkpoint")
        .trigger(availableNow=True)
        .foreachBatch(keep)
        .start()
    )
    running.awaitTermination()
    progress = [json.loads(each.json) for each in running.recentProgress]
    return {
        "schema": without_metadata(json.loads(result.schema.json())),
        "batches": [batch_of(each, rows) for each in progress if each["batchId"] in rows],
    }


def copy_topic(spark, brokers, topic, types, records_per_batch, checkpoint, path, fails):
    """Brings a topic's records into a Delta table, as far as it goes now; or fails in a batch."""
    records = (
        spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers)
        .option("subscribe", topic).option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", records_per_batch).load()
    )
    value = functions.from_json(functions.col("value").cast("string"), types)
    rows = records.select(value.alias("row")).select("row.*")
    if fails:
        rows = rows.where("id IS NULL OR raise_error('stop here') IS NULL")
    running = (
        rows.writeStream.format("delta").option("checkpointLocation", checkpoint)
        .trigger(availableNow=True).start(path)
    )
    running.awaitTermination()


def schema_of(text):
    return StructType.fromJson(json.loads(text))


def batch_of(progress, rows):
    """What is to be compared of a batch; operators in the order of the plan."""
    counts = ("Total", "Updated", "Removed", "DroppedByWatermark")
    names = ["operatorName", *(f"numRows{count}" for count in counts)]
    return {
        "batchId": progress["batchId"],
        "rows": rows[progress["batchId"]],
        "numInputRows": progress["numInputRows"],
        "eventTime": progress.get("eventTime", {}),
        "operators": [
            {name: operator[name] for name in names}
            for operator in reversed(progress["stateOperators"])
        ],
    }


def row_texts(batch):
    """Rows as tests/spark/queries/query_answer.ts has them, in the order of the batch."""
    table = to_arrow(batch)
    types = [field.type for field in table.schema]
    columns = [column.to_pylist() for column in table.columns]
    rows = [[text(type, value) for type, value in zip(types, row)] for row in zip(*columns)]
    return [f"[{', '.join(row)}]" for row in rows]


def to_arrow(rows):
    # Arrow refuses a null struct with fields that must have a value.
    columns = [
        functions.col(f"`{field.name}`").cast(nullable(field.dataType)).alias(field.name)
        for field in rows.schema
    ]
    return rows.select(columns).toArrow()


def nullable(type):
    """The same type, where everything may be null."""
    if isinstance(type, StructType):
        return StructType([StructField(t.name, nullable(t.dataType), True) for t in type])
    if isinstance(type, ArrayType):
        return ArrayType(nullable(type.elementType), True)
    if isinstance(type, MapType):
        return MapType(type.keyType, nullable(type.valueType), True)
    return type


def without_metadata(schema):
    """A schema, or a part of one, without what Spark notes for itself."""
    if isinstance(schema, dict):
        emptied = {"metadata": {}} if "metadata" in schema else {}
        return {key: without_metadata(value) for key, value in schema.items()} | emptied
    if isinstance(schema, list):
        return [without_metadata(each) for each in schema]
    return schema
