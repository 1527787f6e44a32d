# The Debian packages: what goes where, and CPack's settings. packaging/README.md explains them.
#
#   cmake --preset release && cmake --build --preset release && cpack --preset release
set(packaging ${CMAKE_SOURCE_DIR}/packaging)
set(generated ${CMAKE_BINARY_DIR}/packaging)
set(FARSHORE_MAINTAINER "Farshore maintainers <maintainers@farshore.example>" CACHE STRING "Who answers for the packages")

# The Debian revision is the changelog's, and its version must be the project's.
file(STRINGS ${packaging}/changelog first LIMIT_COUNT 1)
if(NOT first MATCHES "^farshore \\(([^-]+)-([^)]+)\\)" OR NOT CMAKE_MATCH_1 STREQUAL PROJECT_VERSION)
  message(FATAL_ERROR "packaging/changelog begins with '${first}', but the project's version is ${PROJECT_VERSION}")
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${CMAKE_MATCH_2})

# farshore_gzip(OUT source): compressed as Debian wants it, without name and time, so that it is always the same.
set(compressed)
function(farshore_gzip OUT SOURCE)
  add_custom_command(OUTPUT ${OUT} DEPENDS ${SOURCE} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E copy ${SOURCE} ${OUT}.plain
    COMMAND sh -c "gzip -9nc \"$1\" >\"$2\"" sh ${OUT}.plain ${OUT})
  set(compressed ${compressed} ${OUT} PARENT_SCOPE)
endfunction()
farshore_gzip(${generated}/changelog.Debian.gz ${packaging}/changelog)
farshore_gzip(${generated}/changelog.gz ${CMAKE_SOURCE_DIR}/CHANGELOG.md)

# farshore_package(name component SECTION n): what every package has.
function(farshore_package NAME COMPONENT SECTION)
  farshore_gzip(${generated}/man/${NAME}.${SECTION}.gz ${CMAKE_SOURCE_DIR}/docs/man/${NAME}.${SECTION})
  set(compressed ${compressed} PARENT_SCOPE)
  # Position independent code is the toolchain's default.
  target_link_options(${NAME} PRIVATE -Wl,-z,relro,-z,now)
  install(TARGETS ${NAME} RUNTIME DESTINATION bin COMPONENT ${COMPONENT})
  install(FILES ${generated}/man/${NAME}.${SECTION}.gz DESTINATION share/man/man${SECTION} COMPONENT ${COMPONENT})
  install(FILES ${packaging}/completion.bash DESTINATION share/bash-completion/completions RENAME ${NAME}
    COMPONENT ${COMPONENT})
  install(FILES ${packaging}/copyright ${generated}/changelog.Debian.gz ${generated}/changelog.gz
    DESTINATION share/doc/${NAME} COMPONENT ${COMPONENT})
  configure_file(${packaging}/lintian-overrides.in ${generated}/lintian/${NAME} @ONLY)
  install(FILES ${generated}/lintian/${NAME} DESTINATION share/lintian/overrides COMPONENT ${COMPONENT})
  install(FILES ${CMAKE_SOURCE_DIR}/alerting/example-topology.yml DESTINATION share/doc/${NAME}/examples
    RENAME farshore.yml COMPONENT ${COMPONENT})
  # The topology is for everybody to read; it holds names of secret files, never secrets.
  install(DIRECTORY DESTINATION /etc/farshore COMPONENT ${COMPONENT})
endfunction()

# farshore_service(name component HOME h STATE folder GECOS text): a package whose program is a service.
function(farshore_service NAME COMPONENT)
  cmake_parse_arguments(S "" "HOME;STATE;GECOS" "" ${ARGN})
  set(FARSHORE_PACKAGE ${NAME})
  set(FARSHORE_HOME ${S_HOME})
  set(FARSHORE_STATE ${S_STATE})
  set(FARSHORE_GECOS ${S_GECOS})
  set(control ${generated}/${NAME})
  foreach(script postinst prerm postrm)
    configure_file(${packaging}/maintainer/${script}.in ${control}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
  file(WRITE ${control}/conffiles "/etc/default/${NAME}\n")
  install(FILES ${packaging}/units/${NAME}.service DESTINATION /lib/systemd/system COMPONENT ${COMPONENT})
  install(FILES ${packaging}/default/${NAME} DESTINATION /etc/default COMPONENT ${COMPONENT})
  string(TOUPPER ${COMPONENT} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA
    "${control}/postinst;${control}/prerm;${control}/postrm;${control}/conffiles" PARENT_SCOPE)
endfunction()

farshore_package(farshore-exporter exporter 8)
farshore_package(farshore-actuator actuator 8)
farshore_package(farshorectl ctl 1)
farshore_service(farshore-exporter exporter HOME /nonexistent GECOS "Farshore exporter")
farshore_service(farshore-actuator actuator HOME /var/lib/farshore STATE /var/lib/farshore GECOS "Farshore actuator")
add_custom_target(farshore_packaging ALL DEPENDS ${compressed})

install(DIRECTORY ${CMAKE_SOURCE_DIR}/grafana/dashboards ${CMAKE_SOURCE_DIR}/grafana/provisioning
  DESTINATION share/farshore/grafana COMPONENT ctl)
install(FILES ${packaging}/examples/access.yml DESTINATION share/doc/farshore-actuator/examples COMPONENT actuator)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/alerting/rules DESTINATION share/farshore COMPONENT ctl)
# Where the alerts say that their pages are.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/alerting/runbooks DESTINATION share/doc/farshorectl COMPONENT ctl)
install(FILES ${CMAKE_SOURCE_DIR}/alerting/prometheus.yml ${CMAKE_SOURCE_DIR}/alerting/alertmanager.yml
    ${CMAKE_SOURCE_DIR}/alerting/alertmanager-mutual-tls.yml
  DESTINATION share/doc/farshorectl/examples COMPONENT ctl)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME farshore)
set(CPACK_PACKAGE_CONTACT ${FARSHORE_MAINTAINER})
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL exporter actuator ctl)
set(CPACK_STRIP_FILES ON)
# With DESTDIR, so that /etc and /lib are not below /usr.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_EXPORTER_PACKAGE_NAME farshore-exporter)
set(CPACK_DEBIAN_EXPORTER_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_EXPORTER_PACKAGE_RECOMMENDS haproxy)
set(CPACK_DEBIAN_EXPORTER_PACKAGE_SUGGESTS "farshorectl, prometheus, prometheus-alertmanager")
set(CPACK_COMPONENT_EXPORTER_DESCRIPTION "PostgreSQL servers of all regions seen from one vantage, as metrics
Looks at every PostgreSQL server of a topology every second over one session
each and serves what it saw to Prometheus: whether it answers and in which
role, timeline, WAL positions, replication lag. A server that hangs never
makes a scrape hang.

One runs at each vantage: in every region and, better, in a witness region.")

set(CPACK_DEBIAN_ACTUATOR_PACKAGE_NAME farshore-actuator)
set(CPACK_DEBIAN_ACTUATOR_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_ACTUATOR_PACKAGE_RECOMMENDS "farshorectl, haproxy")
set(CPACK_DEBIAN_ACTUATOR_PACKAGE_SUGGESTS "openssh-client, prometheus, prometheus-alertmanager")
set(CPACK_COMPONENT_ACTUATOR_DESCRIPTION "fails PostgreSQL over between regions when one is lost
Takes the alert of Alertmanager as a reason to look for itself, proves that the
old primary can no longer write, promotes the standby, moves DNS, and writes
down what it did and what it cost. When it is unsure it holds and calls a
person.

It runs in the witness region, or in the standby's.")

set(CPACK_DEBIAN_CTL_PACKAGE_NAME farshorectl)
set(CPACK_DEBIAN_CTL_PACKAGE_SUGGESTS "farshore-actuator, farshore-exporter")
set(CPACK_COMPONENT_CTL_DESCRIPTION "look at and steer the failover of PostgreSQL between regions
Shows what the actuator sees, does and waits for, gives it the few orders a
person may give, checks the topology file, and renders alert rules, Prometheus
and Alertmanager configuration and SQL from it.")

include(CPack)
