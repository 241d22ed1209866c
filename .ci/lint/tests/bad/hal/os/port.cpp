#include "hal/os/port.h"

#include <zmq.hpp>

int clock_is_here() { return std::chrono::steady_clock::now(); }
