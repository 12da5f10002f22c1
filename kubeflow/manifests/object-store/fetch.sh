#!/bin/sh
# Copies what `medtfx push --objects --base-path /models/demo` uploaded. models.config, which names the version, comes
# last and by a rename: TF Serving never looks for files that are not all there. What the bucket has no more goes after that.
set -eu
from="bucket:${BUCKET_PATH:?}" to="${MODEL_PATH:-/models/demo}"
fetch() {
  rclone copyto "$from/models.config" "$to/.models.config" || return 1
  if cmp -s "$to/.models.config" "$to/models.config"; then return 0; fi
  rclone copy --exclude models.config "$from" "$to" || return 1
  mv "$to/.models.config" "$to/models.config"
  rclone sync --exclude models.config "$from" "$to"
}
mkdir -p "$to"
if [ "${1:-}" = once ]; then
  until fetch; do sleep 5; done
  exit 0
fi
while sleep 10; do
  fetch || echo "fetch failed; what is served stays served, next try in 10 s" >&2
done
