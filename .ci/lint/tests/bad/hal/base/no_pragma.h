#include <zmq.hpp>
