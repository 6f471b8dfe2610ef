# 50. Runs for a long time, with children, and says so in `50-beat`; the host's process is killed meanwhile.
# Must happen: with the host's process, it and its children die, `50-beat` no longer grows, nothing stays mounted.
echo "ok 50 began: the host's process is killed"
( trap '' TERM HUP; while :; do echo . >>50-beat; sleep 0.05; done ) &
while :; do echo . >>50-beat; sleep 0.05; done
