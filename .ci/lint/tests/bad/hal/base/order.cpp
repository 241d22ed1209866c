#include <string>

#include "hal/base/order.h"
#include "order.h"
