# hal_add_driver(NAME fiscal/shtrih SOURCES … DEPS …): target driver_fiscal_shtrih.
# Which drivers exist is told by one list, hal/drivers/CMakeLists.txt.
function(hal_add_driver)
  cmake_parse_arguments(A "" "NAME" "SOURCES;DEPS" ${ARGN})
  string(REPLACE "/" "_" flat "${A_NAME}")
  till_library(NAME driver_${flat} SOURCES ${A_SOURCES} DEPS ${A_DEPS})
endfunction()
