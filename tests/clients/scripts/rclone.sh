# What rclone, a program of the Go SDK 1, can do of the client matrix: rclone.sh NAME
set -eu
name=$1 key='a b/+&%25?#.txt'
# rclone brings an HTTP client of its own, and its SDK refuses AWS_CA_BUNDLE then; the sandbox goes without. Go itself reads
# SSL_CERT_FILE.
[ "$HOOP_TEST_WAY" = sandbox ] || unset AWS_CA_BUNDLE
export RCLONE_CONFIG=/dev/null RCLONE_S3_PROVIDER=AWS RCLONE_S3_ENV_AUTH=true RCLONE_S3_REGION=us-east-1
[ -z "${AWS_ENDPOINT_URL:-}" ] || export RCLONE_S3_ENDPOINT="$AWS_ENDPOINT_URL"
printf hello > in.txt
rclone mkdir ":s3:$name"
rclone copyto in.txt ":s3:$name/$key"
echo "object $(rclone cat ":s3:$name/$key")"
echo "listed $(rclone lsf -R --files-only ":s3:$name")"
head -c 12582912 /dev/urandom > big
rclone copyto --s3-upload-cutoff 5Mi --s3-chunk-size 5Mi big ":s3:$name/big"
rclone copyto ":s3:$name/big" back
cmp big back && echo multipart same
set +e
text=$(rclone deletefile --retries 1 ":s3:$name/$key" 2>&1)
echo "denied $?"
echo "text $text" | tr '\n' ' '
