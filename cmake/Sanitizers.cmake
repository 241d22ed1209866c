# One sanitizer a build: asan (with UBSan and what libFuzzer needs; clang) or tsan.
set(TILLHOST_SANITIZER "" CACHE STRING "asan, tsan or nothing")
if(TILLHOST_SANITIZER STREQUAL "asan")
  add_compile_options(
    -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TILLHOST_SANITIZER STREQUAL "tsan")
  add_compile_options(-O1 -fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT TILLHOST_SANITIZER STREQUAL "")
  message(FATAL_ERROR "TILLHOST_SANITIZER is asan or tsan, not ${TILLHOST_SANITIZER}")
endif()
