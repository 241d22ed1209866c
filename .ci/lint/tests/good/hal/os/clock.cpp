#include <time.h>

#include "hal/base/text.h"

std::thread the_one_thread;
auto now() { return std::chrono::steady_clock::now(); }
