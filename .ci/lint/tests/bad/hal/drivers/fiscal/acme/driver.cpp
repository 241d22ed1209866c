#include "hal/drivers/fiscal/acme/driver.h"
