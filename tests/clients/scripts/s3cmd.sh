# What s3cmd can do of the client matrix: s3cmd.sh NAME
set -eu
name=$1 key='a b/+&%25?#.txt'
printf '[default]\nca_certs_file = %s\nbucket_location = us-east-1\n' "$SSL_CERT_FILE" > s3cfg
if [ -n "${HTTPS_PROXY:-}" ]; then
  at=${HTTPS_PROXY#http://}
  printf 'proxy_host = %s\nproxy_port = %s\n' "${at%:*}" "${at#*:}" >> s3cfg
fi
[ -z "${AWS_ENDPOINT_URL:-}" ] || printf 'host_base = %s\nhost_bucket = %s\nuse_https = False\nproxy_host =\n' \
  "${AWS_ENDPOINT_URL#http://}" "${AWS_ENDPOINT_URL#http://}" >> s3cfg
s3() { s3cmd -c s3cfg --no-progress "$@"; }
printf hello > in.txt
s3 mb "s3://$name" > log
s3 put in.txt "s3://$name/$key" > log
s3 get --force "s3://$name/$key" out.txt > log
echo "object $(cat out.txt)"
echo "listed $(s3 ls --recursive "s3://$name/" | sed 's|.*s3://[^/]*/||')"
head -c 12582912 /dev/urandom > big
s3 put --multipart-chunk-size-mb=5 big "s3://$name/big" > log
s3 get --force "s3://$name/big" back > log
cmp big back && echo multipart same
set +e
text=$(s3 del "s3://$name/$key" 2>&1)
echo "denied $?"
echo "text $text" | tr '\n' ' '
