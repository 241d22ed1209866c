#pragma once

#include <vector>

#include "tests/bench/counter.h"
#include "tests/bench/figures.h"

namespace tillhost::bench {

// One group of measurements each. Errors: what kept it from measuring.

/// One request at a time: status and query against ping-pong; accept and result of a money
/// operation against commits; syncs counted.
base::Result<std::vector<Figure>> measure_latency(Bench& bench);
/// 256 requests in flight on one connection.
base::Result<std::vector<Figure>> measure_throughput(Bench& bench);
/// From the kill of a host to the first answer of the next one.
base::Result<std::vector<Figure>> measure_restart(Bench& bench);
/// What fifty devices cost while nothing happens.
base::Result<std::vector<Figure>> measure_hosts(Bench& bench);
/// A device beside one whose host loops, leaks or crashes.
base::Result<std::vector<Figure>> measure_isolation(Bench& bench);
/// A registrar's driver on a line that takes its time: how soon the host speaks when it is its
/// turn, and what a receipt costs beyond the bytes and the device.
base::Result<std::vector<Figure>> measure_turnaround(Bench& bench);
/// What subscribers and the log cost while receipts are sold.
base::Result<std::vector<Figure>> measure_telling(Bench& bench);
/// From a code on a scanner's line to a program that follows it.
base::Result<std::vector<Figure>> measure_scan(Bench& bench);
/// What a card payment takes longer through devd than by its driver alone.
base::Result<std::vector<Figure>> measure_payment(Bench& bench);
/// Fifty devices of several kinds, asked one after the other and all at once.
base::Result<std::vector<Figure>> measure_mixed(Bench& bench);
/// A question over TCP and CURVE, and clients on the network that do nothing.
base::Result<std::vector<Figure>> measure_network(Bench& bench);
/// Programs of this machine and of a workstation, while another one means harm.
base::Result<std::vector<Figure>> measure_hostile(Bench& bench);
/// What licd lends, against Redis and PostgreSQL lending the same; its beats, seats and restarts.
base::Result<std::vector<Figure>> measure_licences(Bench& bench);
/// Requests to sumpd, against nginx and SQLite; SOAP against JSON; slow connections.
base::Result<std::vector<Figure>> measure_exchange(Bench& bench);
/// A hundred thousand goods into sumpd and out to fifty apps.
base::Result<std::vector<Figure>> measure_goods(Bench& bench);
/// A thousand devices.
base::Result<std::vector<Figure>> measure_many(Bench& bench);

}  // namespace tillhost::bench
