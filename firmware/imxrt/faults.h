/* Faults and unused interrupts: report on the console and stop. */
#ifndef FAULTS_H
#define FAULTS_H

/* Exception handler that does not return. */
void fault_entry(void);

#endif
