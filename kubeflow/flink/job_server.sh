#!/usr/bin/env bash
# A job server for `beam: {runner: flink, job_endpoint: "localhost:PORT", ...}`, with Flink in its own process unless told otherwise.
#   kubeflow/flink/job_server.sh                      localhost:8099, jars in build/flink (150 MB, fetched once with Maven)
#   kubeflow/flink/job_server.sh --job-port=9000 --flink-master=jobmanager:8081
# Needs java (11 or 17) and, the first time, mvn and Maven Central. It runs until Ctrl-C; what follows goes to Beam's driver as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
jars=${MEDTFX_FLINK_JARS:-$here/../../build/flink}
need() { command -v "$1" >/dev/null || { echo "$1: not found; install $2" >&2; exit 2; }; }
need java "a Java 17 runtime"
if [ ! -e "$jars/complete" ]; then
    need mvn Maven
    echo "fetching the job server's jars into $jars" >&2
    mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars" >&2 ||
        { echo "Maven Central gave not all jars; see above" >&2; exit 2; }
    touch "$jars/complete"
fi
exec java -cp "$jars/*" org.apache.beam.runners.flink.FlinkJobServerDriver \
    --flink-master='[local]' --job-host=localhost --job-port=8099 --artifact-port=0 --expansion-port=0 "$@"
