@ The end of a program on the native core: the test looks at the machine.
  .include "vectors.inc"
  b stuck
