#include "hal/base/text.h"
#include "ipc/contract/messages.h"
