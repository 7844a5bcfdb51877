#include <reverie/cli/commands.h>

int main(int argc, char** argv) {
  return reverie::cli::run_program(argc, argv);
}
