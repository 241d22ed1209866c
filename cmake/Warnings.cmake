# Flags of every target of ours. A warning is an error.
add_library(till_options INTERFACE)
target_compile_features(till_options INTERFACE cxx_std_20)
target_include_directories(till_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(till_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wold-style-cast -Werror
  # g++ 12 sees overlaps in std::string::insert that are not there (GCC bug 105651), and unset
  # members in moved-from std::variant (GCC bug 105562).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # clang's -Wconversion holds -Wsign-conversion too, g++'s does not.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# -g1 keeps back traces with lines and spares half of the link time and disk.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

# A program loads only the libraries it calls: a driver host stays small.
add_link_options(-Wl,--as-needed)

find_program(TILL_CCACHE ccache)
if(TILL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TILL_CCACHE}")
endif()
find_program(TILL_MOLD mold)
if(TILL_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
