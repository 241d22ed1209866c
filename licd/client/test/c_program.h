#pragma once

#ifdef __cplusplus
extern "C" {
#endif

int run_c_program(const char* servers, const char* vendor_root);

#ifdef __cplusplus
}
#endif
