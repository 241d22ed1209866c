# One sanitizer a build: asan (with UBSan), tsan, or fuzz (libFuzzer with ASan and UBSan; clang).
set(TILLHOST_SANITIZER "" CACHE STRING "asan, tsan, fuzz or nothing")
if(TILLHOST_SANITIZER STREQUAL "asan")
  # Not the checks of each pointer that is used: g++ makes twice the code of them, ASan finds null
  # pointers by itself, and the fuzz targets are compiled with all of them.
  add_compile_options(
    -O1 -fsanitize=address,undefined -fno-sanitize=null,alignment,vptr,object-size
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TILLHOST_SANITIZER STREQUAL "tsan")
  add_compile_options(-O1 -fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(TILLHOST_SANITIZER STREQUAL "fuzz")
  add_compile_options(-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(NOT TILLHOST_SANITIZER STREQUAL "")
  message(FATAL_ERROR "TILLHOST_SANITIZER is asan, tsan or fuzz, not ${TILLHOST_SANITIZER}")
endif()
