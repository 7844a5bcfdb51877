# Everything Reverie stands on, as targets named reverie::<need>. All of it comes from the
# distribution's packages; another libtorch or MuJoCo is found through CMAKE_PREFIX_PATH.

find_package(Threads REQUIRED)

# libtorch. Headers are marked SYSTEM: their warnings are not ours. The CMake files of a libtorch
# with CUDA insist on the CUDA toolkit, which only they need who compile kernels of their own; where
# there is none, its headers and libraries are taken as they lie.
find_program(NVCC nvcc PATHS /usr/local/cuda/bin)
set(torch_folder "")
foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
  foreach(folder IN ITEMS ${prefix} ${prefix}/../..)
    if(NOT torch_folder AND EXISTS ${folder}/include/torch AND
       EXISTS ${folder}/lib/libtorch_cuda.so)
      get_filename_component(torch_folder ${folder} ABSOLUTE)
    endif()
  endforeach()
endforeach()
if(torch_folder AND NOT NVCC)
  message(STATUS "libtorch with CUDA in ${torch_folder}, without the toolkit's nvcc")
  set(TORCH_INCLUDE_DIRS ${torch_folder}/include ${torch_folder}/include/torch/csrc/api/include)
  # No symbol of the CUDA libraries is named in our code; they register themselves when loaded.
  set(torch_libraries torch torch_cpu torch_cuda c10 c10_cuda)
  list(TRANSFORM torch_libraries PREPEND ${torch_folder}/lib/lib)
  list(TRANSFORM torch_libraries APPEND .so)
  set(TORCH_LIBRARIES -Wl,--push-state,--no-as-needed ${torch_libraries} -Wl,--pop-state)
else()
  find_package(Torch REQUIRED)
endif()
add_library(reverie_torch INTERFACE)
target_include_directories(reverie_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(reverie_torch INTERFACE ${TORCH_LIBRARIES})
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(reverie_torch INTERFACE ${torch_flags})
add_library(reverie::torch ALIAS reverie_torch)

# CUDA graphs name the CUDA runtime itself: its headers, with those in crt/, and libcudart. They
# come with the toolkit, or beside pip's torch with nvidia-cuda-runtime and nvidia-cuda-crt.
# Optional.
add_library(reverie_cudart INTERFACE)
foreach(prefix IN LISTS TORCH_INCLUDE_DIRS)
  if(NOT torch_includes_cuda AND EXISTS ${prefix}/ATen/cuda/CUDAGraph.h AND
     EXISTS ${prefix}/../lib/libtorch_cuda.so)
    set(torch_includes_cuda ${prefix})
  endif()
endforeach()
if(REVERIE_CUDA_GRAPHS AND torch_includes_cuda)
  file(GLOB wheels ${torch_includes_cuda}/../../nvidia/*)
  get_filename_component(nvcc_folder "${NVCC}" DIRECTORY)
  foreach(root IN LISTS wheels ITEMS ${nvcc_folder}/.. /usr/local/cuda /usr)
    file(GLOB cudart ${root}/lib64/libcudart.so* ${root}/lib/libcudart.so*
         ${root}/lib/*/libcudart.so*)
    if(NOT REVERIE_HAVE_CUDART AND cudart AND EXISTS ${root}/include/cuda_runtime_api.h AND
       EXISTS ${root}/include/crt/host_defines.h)
      list(GET cudart 0 cudart)
      set(REVERIE_HAVE_CUDART ON)
      target_include_directories(reverie_cudart SYSTEM INTERFACE ${root}/include)
      target_link_libraries(reverie_cudart INTERFACE ${cudart})
      message(STATUS "CUDA graphs can be captured: ${cudart}")
    endif()
  endforeach()
  if(NOT REVERIE_HAVE_CUDART)
    message(STATUS "No CUDA graphs: no cuda_runtime_api.h, crt/host_defines.h and libcudart.so")
  endif()
endif()
add_library(reverie::cudart ALIAS reverie_cudart)

# MuJoCo: one in CMAKE_PREFIX_PATH, the pinned one that setup has fetched, or the distribution's.
# What was found first stays (it is cached): a run goes on bit for bit only in the same MuJoCo.
# Debian's target names an include folder that does not exist: the header is looked for. A Python
# wheel is a folder of its own, with the version in the library's name.
set(REVERIE_MUJOCO "${CMAKE_SOURCE_DIR}/build/mujoco/mujoco" CACHE PATH
    "Folder of MuJoCo's wheel, if there; OFF: only look where libraries usually lie")
foreach(prefix IN LISTS CMAKE_PREFIX_PATH REVERIE_MUJOCO)
  file(GLOB mujoco_of_wheel ${prefix}/libmujoco.so.*)
  if(mujoco_of_wheel AND NOT MUJOCO_LIBRARY)
    list(GET mujoco_of_wheel 0 library)
    set(MUJOCO_LIBRARY ${library} CACHE FILEPATH "MuJoCo's library")
  endif()
endforeach()
find_library(MUJOCO_LIBRARY NAMES mujoco libmujoco.so REQUIRED)
get_filename_component(mujoco_folder ${MUJOCO_LIBRARY} DIRECTORY)
if(EXISTS ${mujoco_folder}/include/mujoco/mujoco.h)  # a wheel's headers, and no others
  set(MUJOCO_INCLUDE_DIR ${mujoco_folder}/include CACHE PATH "Where mujoco/mujoco.h lies")
endif()
find_path(MUJOCO_INCLUDE_DIR mujoco/mujoco.h REQUIRED)
message(STATUS "MuJoCo: ${MUJOCO_LIBRARY}, headers in ${MUJOCO_INCLUDE_DIR}")
add_library(reverie_mujoco INTERFACE)
target_include_directories(reverie_mujoco SYSTEM INTERFACE ${MUJOCO_INCLUDE_DIR})
target_link_libraries(reverie_mujoco INTERFACE ${MUJOCO_LIBRARY})
add_library(reverie::mujoco ALIAS reverie_mujoco)

# oneDNN, for matrix products on the CPU. Optional: without it libtorch's own product is used.
find_library(DNNL_LIBRARY dnnl)
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
add_library(reverie_onednn INTERFACE)
if(DNNL_LIBRARY AND DNNL_INCLUDE_DIR)
  set(REVERIE_HAVE_ONEDNN ON)
  target_include_directories(reverie_onednn SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
  target_link_libraries(reverie_onednn INTERFACE ${DNNL_LIBRARY})
  target_compile_definitions(reverie_onednn INTERFACE REVERIE_HAVE_ONEDNN)
endif()
add_library(reverie::onednn ALIAS reverie_onednn)
find_package(OpenMP REQUIRED COMPONENTS CXX)  # only to hold oneDNN and libtorch to one thread

# What speeds depend on: the processor, the compiler and its flags, oneDNN.
include(Measured)
cmake_host_system_information(RESULT processor QUERY PROCESSOR_DESCRIPTION)
set(probe_flags -O3 -fno-math-errno -fno-trapping-math)
if(REVERIE_NATIVE)
  list(APPEND probe_flags -march=native)
endif()
set(onednn_version "")
if(REVERIE_HAVE_ONEDNN)
  file(STRINGS ${DNNL_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h onednn_version
       REGEX "define +DNNL_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9;]" "" onednn_version "${onednn_version}")
  file(REAL_PATH ${DNNL_LIBRARY} onednn_file)
  list(APPEND onednn_version ${onednn_file})
endif()
string(CONCAT measured_of "${processor}, ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} "
       "${CMAKE_CXX_FLAGS} ${probe_flags}, oneDNN ${onednn_version}")

# Libtorch's own f32 product goes to oneDNN where the BLAS it would call is slower here.
reverie_to_be_measured(REVERIE_SGEMM_SPEEDS "${measured_of}" measure)
if(REVERIE_HAVE_ONEDNN AND measure)
  try_run(sgemm_ran sgemm_compiled ${CMAKE_BINARY_DIR}/sgemm_probe
          ${CMAKE_SOURCE_DIR}/cmake/sgemm_probe.cpp
          CMAKE_FLAGS -DINCLUDE_DIRECTORIES=${DNNL_INCLUDE_DIR}
          LINK_LIBRARIES ${DNNL_LIBRARY} OpenMP::OpenMP_CXX ${CMAKE_DL_LIBS}
          RUN_OUTPUT_VARIABLE speeds)
  if(sgemm_compiled AND sgemm_ran EQUAL 0)
    reverie_measured(REVERIE_SGEMM_SPEEDS "${measured_of}" "${speeds}"
                     "GFLOP/s of libtorch's BLAS; of oneDNN")
  endif()
endif()
if(REVERIE_SGEMM_SPEEDS)
  list(GET REVERIE_SGEMM_SPEEDS 0 blas_speed)
  list(GET REVERIE_SGEMM_SPEEDS 1 onednn_speed)
  if(onednn_speed GREATER blas_speed)
    set(REVERIE_FORWARD_SGEMM ON)
  endif()
  message(STATUS "Matrix product: libtorch's BLAS ${blas_speed} GFLOP/s, oneDNN ${onednn_speed}")
endif()

# What `auto` stands for among the precisions of products: asked of the kernels themselves.
find_package(fmt REQUIRED)
reverie_to_be_measured(REVERIE_PRECISION_SPEEDS "${measured_of}" measure)
if(REVERIE_HAVE_ONEDNN AND measure)
  set(probed kernels/adam.cpp kernels/bf16_products.cpp kernels/mlp.cpp kernels/precision.cpp
             kernels/rounded.cpp kernels/small_gemm.cpp mlp_shape.cpp)
  list(TRANSFORM probed PREPEND ${CMAKE_SOURCE_DIR}/src/reverie/nn/)
  try_run(precision_ran precision_compiled
          SOURCES ${CMAKE_SOURCE_DIR}/cmake/precision_probe.cpp ${probed}
          CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${CMAKE_SOURCE_DIR}/src;${DNNL_INCLUDE_DIR}"
          COMPILE_DEFINITIONS ${probe_flags} -DREVERIE_HAVE_ONEDNN
          LINK_LIBRARIES fmt::fmt ${DNNL_LIBRARY} OpenMP::OpenMP_CXX
          CXX_STANDARD 20
          COMPILE_OUTPUT_VARIABLE precision_said
          RUN_OUTPUT_VARIABLE speeds)
  if(precision_compiled AND precision_ran EQUAL 0)
    reverie_measured(REVERIE_PRECISION_SPEEDS "${measured_of}" "${speeds}"
                     "GFLOP/s of an imagination in f32; in bf16x3; of a fit in f32; in bf16x3")
  else()
    message(STATUS "The precisions' speeds could not be measured: auto is f32\n${precision_said}")
  endif()
endif()
message(STATUS "f32; bf16x3, GFLOP/s of imagination; fit: ${REVERIE_PRECISION_SPEEDS}")
string(REPLACE ";" "," REVERIE_PRECISION_LIST "${REVERIE_PRECISION_SPEEDS}")

find_package(CLI11 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)

# toml++ in its compiled form: the header alone costs seconds in each file.
find_library(TOMLPLUSPLUS_LIBRARY tomlplusplus REQUIRED)
add_library(reverie_toml INTERFACE)
target_compile_definitions(reverie_toml INTERFACE TOML_HEADER_ONLY=0 TOML_SHARED_LIB=1)
target_link_libraries(reverie_toml INTERFACE ${TOMLPLUSPLUS_LIBRARY})
add_library(reverie::toml ALIAS reverie_toml)

# A current PyTorch brings headers of fmt and oneDNN, of other versions than the libraries that are
# linked here: the libraries' own go first. By links, since a compiler leaves its default folders
# where they are.
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
foreach(pair IN ITEMS fmt:${fmt_include} oneapi:${DNNL_INCLUDE_DIR})
  string(REGEX REPLACE ":.*" "" header ${pair})
  string(REGEX REPLACE "^[^:]*:" "" folder ${pair})
  foreach(include IN LISTS TORCH_INCLUDE_DIRS)
    if(EXISTS ${include}/${header} AND EXISTS ${folder}/${header} AND NOT include STREQUAL folder)
      file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/first)
      file(CREATE_LINK ${folder}/${header} ${CMAKE_BINARY_DIR}/first/${header} SYMBOLIC)
      target_include_directories(reverie_torch SYSTEM BEFORE INTERFACE ${CMAKE_BINARY_DIR}/first)
    endif()
  endforeach()
endforeach()
