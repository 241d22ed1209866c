#include "hal/drivers/fiscal/acme/protocol.h"
