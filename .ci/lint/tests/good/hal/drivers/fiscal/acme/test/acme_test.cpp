// Claim: an example.
// Shown by reading it.
#include "hal/drivers/fiscal/acme/driver.h"
#include "hal/os/clock.cpp"
