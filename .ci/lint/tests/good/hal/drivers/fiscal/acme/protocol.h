#pragma once

#include "ipc/contract/messages.h"
