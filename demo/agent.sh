#!/bin/sh
# Stands in for an agent at work: several commands in one session, some of which the policy refuses.
step() {
  printf '\033[1;36m$ %s\033[0m\n' "$*"
  "$@"
  sleep 0.3
}
step aws s3 ls s3://reports
step aws secretsmanager get-secret-value --secret-id prod/db --query SecretString --output text
step aws dynamodb list-tables --output text
step aws s3 rm s3://reports/README.md
step aws iam create-user --user-name backdoor
exit 0
