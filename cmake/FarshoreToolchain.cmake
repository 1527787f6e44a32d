# Language level, warnings and sanitizers for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wvla -Werror)

set(FARSHORE_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")
if(FARSHORE_SANITIZE)
  # Instrumented code makes g++ 12 see uninitialised members in std::function and std::regex that are none.
  add_compile_options(-Wno-maybe-uninitialized)
  add_compile_options(-fsanitize=${FARSHORE_SANITIZE} -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=${FARSHORE_SANITIZE})
endif()

if(FARSHORE_FUZZ)
  # vptr and function look into types of libraries that were built without instruments.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr,function
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g1 -Wno-deprecated-declarations)
  add_link_options(-fsanitize=address,undefined)
endif()

# What Debian builds its packages with; the linker's part is in FarshorePackages.cmake.
if(CMAKE_BUILD_TYPE STREQUAL Release)
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    add_compile_options(-fcf-protection)
  endif()
endif()

find_program(FARSHORE_CCACHE ccache)
if(FARSHORE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FARSHORE_CCACHE})
endif()

# Links a test program four times as fast as ld.bfd, and there are dozens.
find_program(FARSHORE_MOLD mold)
if(FARSHORE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

include_directories(${CMAKE_SOURCE_DIR})
