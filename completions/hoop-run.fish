complete -c hoop-run -s c -l shell -d 'Run a shell command instead, by $SHELL -c' -r
complete -c hoop-run -s C -l cwd -d 'Run it in this directory' -r -F
complete -c hoop-run -s E -l env -d 'Set an environment variable of the program; may be repeated' -r
complete -c hoop-run -s p -l policy -d 'What may be done: guarded, readonly, observe, or a policy file' -r
complete -c hoop-run -l profile -d 'The AWS profile whose credentials hoop-run signs with' -r
complete -c hoop-run -l role -d 'The role hoop-run signs with: an ARN, or a name of the policy\'s' -r
complete -c hoop-run -l mfa -d 'The code of your MFA device, where the profile or the policy wants one [default: asked for]' -r
complete -c hoop-run -l identity -d 'Who you are: an identity provider of the configuration, `ci` or `local`' -r
complete -c hoop-run -l approve-via -d 'How questions that hold a call are answered; several, apart by commas [default: auto]' -r -f -a "auto\t''
terminal\t''
hoopctl\t''
webhook\t''
none\t''"
complete -c hoop-run -l region -d 'The default AWS region of the program' -r
complete -c hoop-run -l sandbox -d 'auto: the best there is; require: full or no session; off: none' -r -f -a "auto\t''
require\t''
off\t''"
complete -c hoop-run -l allow -d 'Do not hide it from the program: ssh-agent, docker, x11 ..., or a path; may be repeated' -r
complete -c hoop-run -l publish -d 'Let a port inside be reached from outside, as a server\'s of the program; may be repeated' -r
complete -c hoop-run -l connect -d 'Let a port outside be reached inside, at 127.0.0.1, as a local database; may be repeated' -r
complete -c hoop-run -l egress -d 'What happens to connections to other hosts than AWS that no [[egress]] rule names' -r -f -a "allow\t''
ask\t''
deny\t''"
complete -c hoop-run -s t -l title -d 'A title for the recording' -r
complete -c hoop-run -s o -l output -d 'Copy the finished recording to this file (asciicast 3)' -r -F
complete -c hoop-run -l cols -d 'Columns of the program\'s terminal [default: yours; headless: 80]' -r
complete -c hoop-run -l rows -d 'Rows of the program\'s terminal [default: yours; headless: 24]' -r
complete -c hoop-run -l window-size -d 'Both at once, as 120x30' -r
complete -c hoop-run -l read-only -d 'Nothing but listing and reading, whatever the policy allows'
complete -c hoop-run -l login -d 'Sign in first, where nobody has or the login has ended'
complete -c hoop-run -l no-gateway -d 'Record and mask only: the program keeps its own way to AWS, and its own credentials'
complete -c hoop-run -s I -l record-input -d 'Record what you type, too; never while the terminal does not echo, as for passwords'
complete -c hoop-run -l overwrite -d 'Let --output replace a file'
complete -c hoop-run -s H -l headless -d 'Give the program a terminal that nobody sees'
complete -c hoop-run -s q -l quiet -d 'Say nothing but errors'
complete -c hoop-run -s e -l return -d 'Taken for the sake of script(1) and asciinema: the program\'s exit status is always given'
complete -c hoop-run -s h -l help -d 'Print help'
complete -c hoop-run -s V -l version -d 'Print version'
