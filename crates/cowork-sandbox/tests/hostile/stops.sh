# 48. Stops itself, and with it all that it started.
# Must happen: the host's call still returns at its deadline, and nothing stopped is left.
( sleep 1000 & kill -STOP $!; echo "ok 48 a child is stopped: the host ends it" )
kill -STOP $$
echo "ok 48 was let go on: nothing is lost by it"
